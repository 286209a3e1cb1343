import * as z from 'zod';
import { conditionFields } from './conditions-schema.ts';
import { compilePattern } from './pattern.ts';
import { isWrapper } from './wrapper.ts';

/** A pattern of the config: RE2 syntax; anything else is an error that says what to write instead. */
export const patternSchema = z
  .string()
  .min(1)
  .superRefine((source, context) => {
    const result = compilePattern(source);
    if (!result.ok) context.addIssue({ code: 'custom', message: result.problem });
  });

const word = z.string().max(4_096);
const count = z.int().min(0).max(100);
const repetition = {
  at_least: count.describe('Fewest times this argument appears in a row; 1 unless given.').optional(),
  at_most: count.describe('Most times this argument appears in a row; 1 unless given.').optional(),
};
const kinds = [
  z.strictObject({ literal: word.describe('Exactly this text.'), ...repetition }),
  z.strictObject({ pattern: patternSchema.describe('RE2; the whole argument must match.'), ...repetition }),
  z.strictObject({ one_of: z.array(word).min(1).max(500).describe('Exactly one of these texts.'), ...repetition }),
  z.strictObject({
    integer: z
      .strictObject({
        min: z.int().min(0).describe('Smallest number accepted.'),
        max: z.int().min(0).describe('Largest number accepted.'),
      })
      .describe('A whole number in decimal digits.'),
    ...repetition,
  }),
  z.strictObject({
    path_under: z
      .string()
      .regex(/^\/(?:[^/]+\/)*[^/]*$/)
      .refine((root) => !root.split('/').includes('..'), { error: 'The root must not hold "..".' })
      .describe('An absolute path at or below this folder, without "." or "..". Symbolic links in the guest are not seen.'),
    ...repetition,
  }),
] as const;

const argumentSchema = z
  .union([word.describe('Exactly this text.'), ...kinds], {
    error: 'Write a text, or an object with exactly one of literal, pattern, one_of, integer, path_under.',
  })
  .refine(
    (argument) => typeof argument === 'string' || (argument.at_least ?? 1) <= (argument.at_most ?? Math.max(1, argument.at_least ?? 1)),
    {
      error: 'at_least is larger than at_most.',
    },
  )
  .describe('One argument, or several alike.');

const optionSchema = z.union([
  z.string().regex(/^-/, { error: 'An option starts with a dash.' }).describe('An option without value, exactly as written.'),
  z.strictObject({
    name: z
      .string()
      .regex(/^-[^=]+$/, { error: 'An option starts with a dash and holds no equals sign.' })
      .describe('The option, e.g. --lines.'),
    value: z.union(kinds).describe('What its value may be, as `--lines 5` or, for options with two dashes, `--lines=5`.').optional(),
    at_most: z.int().min(1).max(100).describe('How often it may be given; once unless said.').optional(),
  }),
]);

const program = z
  .string()
  .min(1)
  .max(255)
  .refine((name) => !name.startsWith('-'), { error: 'The name of a program does not start with a dash.' });

/** One rule on commands: which argv may run, asks, or is refused, and on which guests for whom. */
export const argvRuleSchema = z
  .strictObject({
    name: z.string().min(1).max(100).describe('How explanations and the audit log call this rule.').optional(),
    effect: z.enum(['allow', 'ask', 'deny']).default('allow').describe('What happens to a command that matches.'),
    reason: z.string().max(500).describe('Why; shown to the caller when the rule refuses or asks.').optional(),
    program: z
      .union([program, z.array(program).min(1).max(50)])
      .describe(
        'The program exactly as it is called; several spellings as a list. In rules that deny or ask, a bare name stands for it in any folder.',
      ),
    arguments: z
      .array(argumentSchema)
      .max(100)
      .default([])
      .describe('The arguments in order. One that starts with a dash is accepted only as a literal or one_of.'),
    options: z
      .array(optionSchema)
      .max(200)
      .default([])
      .describe('Options accepted anywhere among the arguments. An option that is not listed is refused.'),
    any_arguments: z.boolean().default(false).describe('True to match whatever arguments follow; only for rules that ask or deny.'),
    knows_wrapper: z
      .boolean()
      .default(false)
      .describe('True to say: I know that this program runs other programs, and the arguments here are safe.'),
    when: z
      .strictObject(conditionFields)
      .describe('Where and for whom the rule holds; everywhere and for everyone unless given.')
      .optional(),
  })
  .superRefine((rule, context) => {
    const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const wrapper = [rule.program].flat().find(isWrapper);
    if (rule.effect !== 'deny' && wrapper !== undefined && !rule.knows_wrapper) {
      issue(
        'program',
        `${wrapper} runs what it is given. Set knows_wrapper: true if the arguments listed here are safe, or name the inner program instead.`,
      );
    }
    if (rule.effect !== 'deny' && rule.knows_wrapper && rule.options.length > 0) {
      issue(
        'options',
        'With knows_wrapper, options stand in arguments, in their place, because the order decides which program reads them.',
      );
    }
    if (rule.any_arguments && rule.effect === 'allow')
      issue('any_arguments', 'A rule that allows must list its arguments. Use effect ask or deny, or list them.');
    if (rule.any_arguments && rule.arguments.length + rule.options.length > 0)
      issue('any_arguments', 'Either any_arguments or a list, not both.');
  })
  .describe('One rule on commands.');

/** A command rule as decided upon, defaults filled in. */
export type ArgvRule = z.infer<typeof argvRuleSchema>;
/** One argument of a rule, or several alike. */
export type ArgumentPattern = z.infer<typeof argumentSchema>;
/** One option of a rule. */
export type OptionPattern = z.infer<typeof optionSchema>;
