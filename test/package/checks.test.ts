import { expect, it } from 'vitest';
import { checks } from '../../scripts/package-check.mjs';

it.each(Object.entries(checks))('%s', (_name, check) => {
  expect(check()).toBeUndefined();
});
