import { z } from 'zod';

/** One leaf of the config schema and where it comes from. */
export interface ConfigField {
  readonly path: readonly [section: string, key: string];
  readonly description: string;
  readonly schema: z.ZodType;
  readonly env: string | undefined;
  readonly overridesFile: boolean;
  readonly secret: boolean;
}

/** Every setting of the config file, section by section: the environment, error messages and the reference follow from it. */
export function configFields(schema: z.ZodObject): readonly ConfigField[] {
  return Object.entries(schema.shape).flatMap(([section, sectionSchema]) =>
    Object.entries(objectInside(sectionSchema)?.shape ?? {}).map(([key, field]): ConfigField => {
      const meta = z.globalRegistry.get(field as z.ZodType) ?? {};
      return {
        path: [section, key],
        description: meta.description ?? '',
        schema: field as z.ZodType,
        env: typeof meta['env'] === 'string' ? meta['env'] : undefined,
        overridesFile: meta['overridesFile'] === true,
        secret: meta['secret'] === true,
      };
    }),
  );
}

function objectInside(schema: unknown): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return objectInside(schema.unwrap());
  return undefined;
}
