'use client';

import { useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import type { TokenSource } from '../core/facts.js';

/** Before anything is painted; on a server React 18 would warn of it, where no effect runs anyway. */
export const useCommitEffect = typeof window === 'undefined' ? useEffect : useLayoutEffect;

/** The value of the last render that was kept, for what is called later. */
export function useLatest<Value>(value: Value): { readonly current: Value } {
  const latest = useRef(value);
  useCommitEffect(() => {
    latest.current = value;
  });
  return latest;
}

/** A provider that is written into the markup is another function in each render: that is no news, and asks for no new token. */
export function useTokenSource(token: TokenSource): TokenSource {
  const latest = useLatest(token);
  const provided = typeof token === 'function';
  const text = provided ? undefined : token;
  return useMemo<TokenSource>(() => {
    if (!provided) return text;
    return () => (typeof latest.current === 'function' ? latest.current() : latest.current);
  }, [latest, provided, text]);
}
