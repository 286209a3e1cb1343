import type { Offer, PromptOffer, ResourceOffer } from '../mcp/offer.ts';
import type { Config } from './config-schema.ts';

/** What a server tells of itself before it is asked to do anything: computed at build time, so that a start need not. */
export interface PreparedOffer {
  /** The configurations it is true of. */
  readonly key: string;
  readonly instructions: string | null;
  readonly tools: Offer['tools'];
  readonly resources: ResourceOffer['list'];
  readonly templates: ResourceOffer['templates'];
  readonly prompts: PromptOffer['list'];
}

/** Offers prepared at build time; none when run from source. The build fills the list. */
export const PREPARED_OFFERS: readonly PreparedOffer[] = [];

/** Everything in a configuration that changes what is offered. Equal keys, equal offers. */
export function offerKey({ policy, command_policy, mcp, ssh }: Config): string {
  const { tools, tool_allowlist, tool_denylist } = mcp;
  return JSON.stringify([
    policy,
    command_policy ?? null,
    tools,
    tool_allowlist ?? null,
    tool_denylist ?? null,
    ssh !== undefined && ssh !== null,
  ]);
}
