import * as z from 'zod';

/** The one part of a policy that even a plain configuration has. */
export const readOnlyField = z.boolean().default(false).describe('True to refuse every operation that writes.');
