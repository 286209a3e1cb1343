import { CLIENT_CAPABILITIES_META_KEY, inputRequired, type ClientCapabilities, type InputRequest } from '@modelcontextprotocol/server';
import { ask, form, nameIn, stateCodec, text, type FixtureTool } from './fixture-tools.ts';

const sampling = (prompt: string, maxTokens: number): InputRequest =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens });

/** The tools that need input from the client before they answer. */
export const INPUT_TOOLS: readonly FixtureTool[] = [
  {
    name: 'test_streaming_elicitation',
    run: ({ context }) =>
      nameIn(context.mcpReq.inputResponses, 'name', 'name') ? text('Thanks.') : ask({ name: ['Name?', { name: { type: 'string' } }] }),
  },
  {
    name: 'test_input_required_result_elicitation',
    run({ context }) {
      const name = nameIn(context.mcpReq.inputResponses, 'user_name', 'name');
      return name === undefined ? ask({ user_name: ['What is your name?', { name: { type: 'string' } }] }) : text(`Hello, ${name}!`);
    },
  },
  {
    name: 'test_input_required_result_sampling',
    run({ context }) {
      const said = context.mcpReq.inputResponses?.['capital_question'];
      return said
        ? text(`Answer: ${JSON.stringify(said)}`)
        : inputRequired({ inputRequests: { capital_question: sampling('What is the capital of France?', 100) } });
    },
  },
  {
    name: 'test_input_required_result_list_roots',
    run({ context }) {
      const roots = context.mcpReq.inputResponses?.['client_roots'];
      return roots
        ? text(`Roots: ${JSON.stringify(roots)}`)
        : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
    },
  },
  {
    name: 'test_input_required_result_request_state',
    async run({ context }) {
      if (context.mcpReq.requestState<{ step: number }>()?.step === 1) return text('state-ok');
      return ask({ confirm: ['Please confirm', { ok: { type: 'boolean' } }] }, await stateCodec.mint({ step: 1 }, context));
    },
  },
  {
    name: 'test_input_required_result_multiple_inputs',
    async run({ context }) {
      if (Object.keys(context.mcpReq.inputResponses ?? {}).length >= 3) return text('All there.');
      return inputRequired({
        inputRequests: {
          user_name: form('What is your name?', { name: { type: 'string' } }),
          greeting: sampling('Generate a greeting', 50),
          client_roots: inputRequired.listRoots(),
        },
        requestState: await stateCodec.mint({ step: 1 }, context),
      });
    },
  },
  {
    name: 'test_input_required_result_multi_round',
    async run({ context }) {
      const step = context.mcpReq.requestState<{ step: number }>()?.step ?? 0;
      if (step === 2) return text('Both answered.');
      const [key, message, field] =
        step === 0 ? ['step1', 'Step 1: What is your name?', 'name'] : ['step2', 'Step 2: What is your favorite color?', 'color'];
      return ask(
        { [key ?? '']: [message ?? '', { [field ?? '']: { type: 'string' } }] },
        await stateCodec.mint({ step: step + 1 }, context),
      );
    },
  },
  {
    name: 'test_input_required_result_tampered_state',
    run: async ({ context }) =>
      context.mcpReq.requestState() === undefined
        ? ask({ confirm: ['Please confirm', { ok: { type: 'boolean' } }] }, await stateCodec.mint({ step: 1 }, context))
        : text('Accepted.'),
  },
  {
    name: 'test_input_required_result_capabilities',
    run({ context }) {
      const declared = (context.mcpReq.envelope as Readonly<Record<string, unknown>> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] as
        | ClientCapabilities
        | undefined;
      return inputRequired({
        inputRequests: {
          ...(declared?.elicitation ? { name: form('Name?', { name: { type: 'string' } }) } : {}),
          ...(declared?.sampling ? { greeting: sampling('Generate a greeting', 50) } : {}),
        },
      });
    },
  },
];
