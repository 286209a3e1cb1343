import type { ExpectedTask, Mutation, Params } from '../domain/mutation.ts';
import type { RepeatClass } from '../domain/repeat-class.ts';
import { route, type RouteValues } from './route.ts';

interface MutationFacts {
  readonly node: string;
  readonly targets: readonly string[];
  readonly task: ExpectedTask | null;
  readonly params?: Readonly<Record<string, Params[string] | undefined>>;
  readonly secretParams?: readonly string[];
  readonly repeat?: RepeatClass;
}

/** Describes one write: typed path, parameters without the undefined ones, what it holds and which worker it starts. */
export function mutate<const Template extends string>(
  method: Mutation['method'],
  template: Template,
  values: RouteValues<Template>,
  facts: MutationFacts,
): Mutation {
  const { path } = route(template, values);
  const params = Object.fromEntries(Object.entries(facts.params ?? {}).filter(([, value]) => value !== undefined)) as Params;
  return {
    kind: 'request',
    method,
    route: template,
    path,
    params,
    secretParams: facts.secretParams ?? [],
    node: facts.node,
    targets: facts.targets,
    task: facts.task,
    ...(facts.repeat === undefined ? {} : { repeat: facts.repeat }),
  };
}
