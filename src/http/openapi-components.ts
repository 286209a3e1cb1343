import type { JsonSchema } from '../dispatch/registered-operation.ts';

/** Named schemas of the document, collected while paths are written. */
export interface Components {
  /** Puts a schema under a name, unless an equal one has it, and answers a reference to it. */
  add(name: string, schema: JsonSchema): JsonSchema;
  /** The same for an answer that several routes give. */
  addResponse(name: string, response: JsonSchema): JsonSchema;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  readonly responses: Readonly<Record<string, JsonSchema>>;
}

export function createComponents(): Components {
  const schemas: Record<string, JsonSchema> = {};
  const responses: Record<string, JsonSchema> = {};

  /** Moves `$defs` to the components and points references there. */
  function hoist(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map(hoist);
    if (typeof schema !== 'object' || schema === null) return schema;
    const { $defs: definitions, $schema: _dialect, ...rest } = schema as Record<string, unknown>;
    for (const [name, definition] of Object.entries((definitions ?? {}) as Record<string, JsonSchema>)) place(name, definition);
    return Object.fromEntries(
      Object.entries(rest).map(([key, value]) =>
        key === '$ref' && typeof value === 'string' ? [key, value.replace('#/$defs/', '#/components/schemas/')] : [key, hoist(value)],
      ),
    );
  }

  function place(name: string, schema: JsonSchema): string {
    // A schema that names itself carries the name as `id`, which is no keyword.
    const { id: _name, ...content } = hoist(schema) as Record<string, unknown>;
    const text = JSON.stringify(content);
    for (let number = 1; ; number += 1) {
      const candidate = number === 1 ? name : `${name}${number}`;
      const known = schemas[candidate];
      if (known === undefined) schemas[candidate] = content;
      if (known === undefined || JSON.stringify(known) === text) return candidate;
    }
  }

  return {
    add: (name, schema) => ({ $ref: `#/components/schemas/${place(name, schema)}` }),
    addResponse(name, response) {
      responses[name] ??= response;
      return { $ref: `#/components/responses/${name}` };
    },
    schemas,
    responses,
  };
}
