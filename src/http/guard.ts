import type { Surface } from '../domain/principal.ts';
import type { Authenticator } from './authenticator.ts';
import { principalOn } from './identity.ts';
import type { RateLimiter, Turn } from './rate-limiter.ts';
import { Refusal } from './refusal.ts';
import type { HttpContext, HttpMiddleware } from './request-context.ts';

export interface GuardOptions {
  readonly authenticator: Authenticator;
  readonly surface: Surface;
  /** Requests per minute that a principal, and an address, may make; 0 without limit. */
  readonly perMinute: number;
  readonly byAddress: RateLimiter;
  readonly byPrincipal: RateLimiter;
  /** Refused credentials per minute and address. */
  readonly refusals: RateLimiter;
  /** True for what anybody may see. */
  readonly isPublic: (context: HttpContext) => boolean;
}

/** Lets nobody in who is not known or comes too often. The answers are those of the predecessor. */
export function guard(options: GuardOptions): HttpMiddleware {
  const { authenticator, surface, perMinute, byAddress, byPrincipal, refusals, isPublic } = options;
  const claim = (turn: Turn): void => {
    if (turn.granted) return;
    throw new Refusal(
      429,
      { status: 'rate_limited', message: 'Too many requests', limit_per_minute: perMinute },
      { 'retry-after': String(turn.retryAfterSeconds) },
    );
  };
  return async (context, next) => {
    const address = context.get('clientAddress');
    claim(byAddress.take(address));
    if (isPublic(context)) return next();
    const header = context.req.header('authorization');
    // Whoever guesses keys is not even compared with any more.
    if (header !== undefined) claim(refusals.peek(address));
    const outcome = await authenticator.authenticate(header);
    if ('refusal' in outcome) {
      const { status, detail, challenge } = outcome.refusal;
      if (header !== undefined && status !== 503) refusals.take(address);
      throw new Refusal(status, { detail }, challenge === null ? {} : { 'www-authenticate': challenge });
    }
    const { identity } = outcome;
    context.set('identity', identity);
    context.set('principal', principalOn(surface, identity));
    claim(byPrincipal.take(identity.id));
    return next();
  };
}
