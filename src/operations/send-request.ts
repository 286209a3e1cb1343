import { OperationError } from '../domain/operation-error.ts';
import type { Mutation } from '../domain/mutation.ts';
import { isUpid } from '../domain/upid.ts';
import type { Answer, SendOptions } from '../jobs/ports.ts';
import { ApiError } from '../proxmox/api-error.ts';
import type { ProxmoxApi } from '../proxmox/api.ts';

/** Sends one request and says what its answer proves. */
export async function sendRequest(api: ProxmoxApi, mutation: Mutation, { sendBefore }: Pick<SendOptions, 'sendBefore'>): Promise<Answer> {
  try {
    const { data } = await api.write(mutation, { sendBefore });
    if (isUpid(data)) return { kind: 'task', upid: data };
    if (mutation.task === null) return { kind: 'done', result: data === null ? {} : { answer: data } };
    return {
      kind: 'in_doubt',
      error: new OperationError('proxmox_failed', 'Proxmox VE answered without naming the task it started.', { effect: 'unknown' }),
    };
  } catch (thrown) {
    return answerOfFailure(thrown);
  }
}

/** What a failed request proves. @throws whatever is no failure of a request */
export function answerOfFailure(thrown: unknown): Answer {
  if (!(thrown instanceof ApiError)) throw thrown;
  const { failure, error } = thrown;
  switch (failure) {
    case 'not_sent':
      return { kind: 'not_sent', error };
    case 'refused':
      return { kind: 'refused', error, mayResend: false };
    case 'refused_again':
      return { kind: 'refused', error, mayResend: true };
    case 'in_doubt':
      return { kind: 'in_doubt', error };
  }
}
