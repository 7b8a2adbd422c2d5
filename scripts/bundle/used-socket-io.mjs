/*
 * Of Socket.IO's client the bundle carries what the element uses. It speaks by WebSocket, or by polling where a proxy lets no
 * WebSocket through: the third way is looked up by name, and never asked for. And it makes its connections by `Manager`: the
 * function `io()` would go by itself, if the names that it is given did not look like a deed.
 */
const CHANGES = [
  { file: /engine\.io-client\/build\/esm\/transports\/index\.js$/, from: /^\s*webtransport: WT,\n/m, to: '' },
  {
    file: /socket\.io-client\/build\/esm\/index\.js$/,
    from: /^Object\.assign\(lookup,/m,
    to: '/* @__PURE__ */ Object.assign(lookup,',
  },
];

/** A Rollup plugin, for the script-tag build. */
export function usedSocketIo() {
  return {
    name: 'used-socket-io',
    transform(code, id) {
      const change = CHANGES.find(({ file }) => file.test(id));
      if (!change) return null;
      if (!change.from.test(code))
        this.error(`${id} is written in another way now: is there still something to leave out?`);
      return { code: code.replace(change.from, change.to), map: null };
    },
  };
}
