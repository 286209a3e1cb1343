import type { Offer } from '../mcp/offer.ts';
import type { PreparedOffer } from './prepared-offer.ts';

/** The product's own offer, which is made when it is needed. */
export interface RealOffer {
  /** Makes it, once. */
  ask(): Promise<Offer>;
  /** Resolves when it is made, whoever asked. */
  readonly made: Promise<Offer>;
}

/**
 * Shows what was prepared, and leaves all doing to the real offer. To watch resources does not ask for the real one: nothing changes
 * before it is there.
 */
export function createLateOffer(
  { instructions, tools, resources, templates, prompts }: PreparedOffer,
  { ask: real, made }: RealOffer,
): Offer {
  const part = async <Name extends 'resources' | 'prompts' | 'complete' | 'tasks'>(name: Name): Promise<NonNullable<Offer[Name]>> => {
    const found = (await real())[name];
    if (!found) throw new Error(`The prepared offer has ${name}, the product has not.`);
    return found;
  };
  return {
    tools,
    ...(instructions === null ? {} : { instructions }),
    callTool: async (...call) => (await real()).callTool(...call),
    resources: {
      list: resources,
      templates,
      read: async (uri, caller) => (await part('resources')).read(uri, caller),
      watch(listener) {
        let stop: (() => void) | undefined;
        let isStopped = false;
        void made.then((offer) => {
          if (!isStopped) stop = offer.resources?.watch?.(listener);
        });
        return () => {
          isStopped = true;
          stop?.();
        };
      },
    },
    prompts: { list: prompts, get: async (name, args, caller) => (await part('prompts')).get(name, args, caller) },
    complete: async (params, caller) => (await part('complete'))(params, caller),
    tasks: {
      get: async (id, caller) => (await part('tasks')).get(id, caller),
      update: async (id, answers, caller) => (await part('tasks')).update(id, answers, caller),
      cancel: async (id, caller) => (await part('tasks')).cancel(id, caller),
    },
  };
}
