import { expect, test } from 'vitest';
import { createSecrets } from '../../src/domain/secrets.ts';

test('a secret that another one begins with leaves nothing of the longer one behind', () => {
  const secrets = createSecrets();
  secrets.add('hush');
  secrets.add('hush-and-more');
  expect(secrets.scrub('it is hush-and-more, not hush')).toBe('it is <secret>, not <secret>');
});

test('texts are scrubbed one by one, so that no secret changes names of fields, numbers or the shape', () => {
  for (const secret of ['null', 'true', '1024', 'name', '":"x']) {
    const secrets = createSecrets();
    secrets.add(secret);
    const facts = { name: 'web', memory: 1024, isOn: true, pool: null, said: [`quoting ${secret}`] };
    expect(secrets.scrubTexts(facts)).toEqual({ ...facts, said: ['quoting <secret>'] });
  }
});
