/** A peer of this node is named by its id, one of another node by `node/id`: no id contains a slash. */
export function remotePeer(node: string, id: string): string {
  return `${node}/${id}`;
}

/** Node and id of a peer of another node; `undefined` for one of this node. */
export function parseRemote(peer: string): { node: string; id: string } | undefined {
  const slash = peer.indexOf('/');
  return slash < 0 ? undefined : { node: peer.slice(0, slash), id: peer.slice(slash + 1) };
}

export function isRemote(peer: string): boolean {
  return peer.includes('/');
}
