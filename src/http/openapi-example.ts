import { fieldsOf, type JsonSchema } from '../dispatch/registered-operation.ts';

/** Values that read like a real cluster, by the name of the field. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  vmid: 101,
  newid: 201,
  node: 'pve1',
  target: 'pve2',
  name: 'web-1',
  hostname: 'web-1',
  storage: 'local',
  snapname: 'before-upgrade',
  selector: '200',
  pool: 'production',
  job_id: '6f1c2d0e-6b0a-4a52-9a51-3f0c6b7a1d20',
  task_id: 'UPID:pve1:0003A1B2:01C2D3E4:6900A1B2:qmstart:101:mcp@pve!agent:',
  upid: 'UPID:pve1:0003A1B2:01C2D3E4:6900A1B2:qmstart:101:mcp@pve!agent:',
  url: 'https://cdimage.debian.org/debian-cd/current/amd64/iso-cd/debian-13.0.0-amd64-netinst.iso',
  filename: 'debian-13.iso',
  archive: 'local:backup/vzdump-qemu-101-2026_11_20-03_00_00.vma.zst',
  volid: 'local:iso/debian-13.iso',
  ostemplate: 'local:vztmpl/debian-13-standard_13.0-1_amd64.tar.zst',
  command: 'uptime',
  summary: 'Start VM 101',
  created_at: '2026-11-20T08:00:00.000Z',
  updated_at: '2026-11-20T08:00:02.000Z',
  timestamp: '2026-11-20T08:00:00.000Z',
  tool_name: 'start_vm',
  event: 'started',
  checksum: 'a'.repeat(64),
};

const MAX_DEPTH = 8;

interface Choice {
  /** Of the property that is filled. */
  readonly name?: string;
  /** True leaves optional properties out. */
  readonly required: boolean;
}

/** A value that fits a schema and tells a reader what belongs there. */
export function exampleOf(root: JsonSchema, choice: Choice): unknown {
  return fill(root, choice, (root['$defs'] ?? {}) as Readonly<Record<string, JsonSchema>>, 0);
}

function fill(given: JsonSchema, choice: Choice, definitions: Readonly<Record<string, JsonSchema>>, depth: number): unknown {
  const { name = '', required } = choice;
  if (depth > MAX_DEPTH) return null;
  const reference = given['$ref'];
  const schema = typeof reference === 'string' ? (definitions[reference.replace('#/$defs/', '')] ?? {}) : given;
  if (schema['const'] !== undefined) return schema['const'];
  const named = BY_NAME[name];
  if (named !== undefined && fits(named, schema)) return named;
  const type = schema['type'];
  if (schema['default'] !== undefined && type !== 'object') return schema['default'];
  const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined;
  if (choices) return fill(choices.find((each) => each['type'] !== 'null') ?? choices[0] ?? {}, choice, definitions, depth + 1);
  const values = schema['enum'] as readonly unknown[] | undefined;
  if (values) return values[0];
  switch (Array.isArray(type) ? type[0] : type) {
    case 'object': {
      const properties = Object.entries(fieldsOf(schema));
      const needed = (schema['required'] ?? []) as readonly string[];
      const shown = properties.filter(([property]) => !required || needed.includes(property));
      return Object.fromEntries(
        shown.map(([property, inner]) => [property, fill(inner, { name: property, required }, definitions, depth + 1)]),
      );
    }
    case 'array':
      return [fill((schema['items'] ?? {}) as JsonSchema, { name: singular(name), required }, definitions, depth + 1)];
    case 'integer':
    case 'number':
      return Math.max(Number(schema['minimum'] ?? schema['exclusiveMinimum'] ?? 0), Math.min(1, Number(schema['maximum'] ?? 1)));
    case 'boolean':
      return false;
    case 'string':
      return textFor(schema);
    default:
      return null;
  }
}

function fits(value: unknown, schema: JsonSchema): boolean {
  const types = new Set([schema['type'], ...((schema['anyOf'] ?? []) as readonly JsonSchema[]).map((each) => each['type'])].flat());
  if (typeof value === 'number') return types.has('integer') || types.has('number');
  if (typeof value !== 'string' || !types.has('string')) return false;
  const pattern = schema['pattern'];
  const values = schema['enum'] as readonly unknown[] | undefined;
  return (typeof pattern !== 'string' || new RegExp(pattern, 'u').test(value)) && (!values || values.some((each) => each === value));
}

const TEXTS = [
  'text',
  'example',
  'web-1',
  'local',
  '101',
  '8G',
  '+8G',
  'scsi0',
  'rootfs',
  'net0',
  'local:8',
  '10.0.0.2/24',
  '10.0.0.1',
  'bc:24:11:00:00:01',
  'https://example.org/file.iso',
  '/etc/hosts',
];

function textFor(schema: JsonSchema): string {
  const { pattern } = schema;
  const filler = 'x'.repeat(Number(schema['minLength'] ?? 0));
  return TEXTS.find((text) => text.length >= filler.length && (typeof pattern !== 'string' || new RegExp(pattern).test(text))) ?? filler;
}

function singular(name: string): string {
  return name.replace(/s$/, '');
}
