/** What a new operation begins as. */
export interface Scaffold {
  readonly path: string;
  readonly content: string;
  /** The catalogue with the operation in it. */
  readonly catalog: string;
}

/**
 * The first draft of an operation on a guest: complete in form, and refused until its `run` plans something.
 * @throws Error when the name or the toolset is not one, or the operation is there
 */
export function scaffold(toolset: string, name: string, catalog: string): Scaffold {
  const list = new RegExp(`^  ${toolset}: \\[[^\\]]*\\]`, 'm').exec(catalog)?.[0];
  if (list === undefined) throw new Error(`There is no toolset ${toolset}; there are ${toolsetsOf(catalog).join(', ')}.`);
  if (!/^[a-z]+(?:_[a-z]+)+$/.test(name)) throw new Error(`${name} is no name of an operation: verb_object, such as suspend_vm.`);
  const member = name.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());
  if (catalog.includes(` ${member} `)) throw new Error(`${name} is in the catalogue already.`);
  const file = name.replaceAll('_', '-');
  const words = name.replaceAll('_', ' ').replaceAll(/\b(?:vm|iso)s?\b/g, (word) => word.replace(/vm|iso/, (short) => short.toUpperCase()));
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  const guest = toolset === 'containers' ? 'container' : 'vm';
  const importLine = `import { ${member} } from './${toolset}/${file}.ts';\n`;
  const content = `import { OperationError } from '../../domain/operation-error.ts';
import { defineTask } from '../define.ts';
import { guestInput } from '../inputs.ts';

export const ${member} = defineTask({
  name: '${name}',
  title: '${title}',
  description: '${title}: say in one line what it does and when to use it.',
  input: guestInput,
  risk: 'change',
  repeat: 'non-repeatable',
  permissions: { '/vms/{vmid}': ['VM.Audit'] },
  summary: ({ vmid }) => \`${title} \${vmid}\`,
  async run({ input, pve }) {
    const ${guest} = await pve.${guest}(input);
    throw new OperationError('internal', \`${name} does not say yet what to send to guest \${${guest}.vmid}.\`);
  },
});
`;
  return {
    path: `src/operations/${toolset}/${file}.ts`,
    content,
    catalog: catalog
      .replace(list, `${list.slice(0, -1).trimEnd().replace(/,$/, '')}, ${member}]`)
      .replace('import type { Operation }', `${importLine}import type { Operation }`),
  };
}

function toolsetsOf(catalog: string): readonly string[] {
  return [...catalog.matchAll(/^  ([a-z]+): \[/gm)].map(([, toolset = '']) => toolset);
}
