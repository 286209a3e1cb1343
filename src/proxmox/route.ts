import { OperationError } from '../domain/operation-error.ts';
import { GRAMMAR } from '../domain/grammar.ts';
import { isUpid } from '../domain/upid.ts';

type Placeholder<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholder<Rest> : never;

/** Values for the placeholders of a route. */
export type RouteValues<Template extends string> = Readonly<Record<Placeholder<Template>, string | number>>;

export interface Route {
  readonly template: string;
  /** Percent-encoded, below `/api2/json`. */
  readonly path: string;
}

const PLACEHOLDER_GRAMMAR: Readonly<Record<string, (value: string) => boolean>> = {
  node: (value) => GRAMMAR.node.test(value),
  vmid: (value) => GRAMMAR.vmid.test(value),
  snapname: (value) => GRAMMAR.snapname.test(value),
  storage: (value) => GRAMMAR.storage.test(value),
  volume: (value) => GRAMMAR.volid.test(value),
  poolid: (value) => GRAMMAR.pool.test(value),
  upid: isUpid,
};

/**
 * The only way to make a URL. Proxmox unescapes the whole path before it splits it, so an encoded slash in a value would
 * reach another endpoint: every value must match the grammar of its placeholder, and the result must split as the template does.
 * @throws OperationError `invalid_input` naming the placeholder and the value
 */
export function route<const Template extends string>(template: Template, values: RouteValues<Template>): Route {
  const given: Readonly<Record<string, string | number>> = values;
  const path = template.replace(/\{(\w+)\}/g, (_match, name: string) => {
    const value = String(given[name] ?? '');
    const isValid = PLACEHOLDER_GRAMMAR[name];
    if (!isValid) throw new OperationError('internal', `The route ${template} has an unknown placeholder ${name}.`);
    // Half a character has no encoding at all.
    if (!value.isWellFormed() || !isValid(value)) {
      throw new OperationError('invalid_input', `${JSON.stringify(value.slice(0, 80))} is not a valid ${name}.`, {
        hint: `Use a ${name} exactly as Proxmox VE lists it.`,
        details: { field: name },
      });
    }
    return encodeURIComponent(value);
  });
  assertSameShape(template, path);
  return { template, path };
}

function assertSameShape(template: string, path: string): void {
  const expected = template.split('/');
  const actual = decodeURIComponent(path).split('/');
  const openEnded = expected.at(-1) === '{volume}';
  const fits =
    (openEnded ? actual.length >= expected.length : actual.length === expected.length) &&
    expected.every((part, index) => part.startsWith('{') || part === actual[index]) &&
    actual.every((part, index) => index === 0 || (part !== '' && part !== '.' && part !== '..'));
  if (!fits) throw new OperationError('invalid_input', `A value does not fit the path ${template}.`, { details: { template } });
}
