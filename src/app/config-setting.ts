import { z } from 'zod';

/** What a setting means, and where the environment may hold it. `overridesFile`: the variable counts even where a config file is used. */
type Setting = { readonly description: string; readonly env: string; readonly overridesFile?: boolean };

/** A setting whose variable counts only where no config file is used. */
export const from = (env: string, description: string): Setting => ({ description, env });
/** A setting whose variable counts even where a config file is used. */
export const always = (env: string, description: string): Setting => ({ description, env, overridesFile: true });

export const port = z.int().min(1).max(65_535);
export const seconds = (max: number) => z.int().min(1).max(max);
export const emptyIsAbsent = <T extends z.ZodType>(schema: T) => schema.nullable().optional();
