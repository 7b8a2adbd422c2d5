import { mintToken } from 'webrtc-preview/server';

export const dynamic = 'force-dynamic';

/** Here you know who is asking: give a token to those who may watch. Without a secret, the camera's server wants none. */
export async function GET(): Promise<Response> {
  const secret = process.env.CAMERA_TOKEN_SECRET;
  if (!secret) return new Response(null, { status: 204 });
  const token = await mintToken({ secret, subject: 'visitor', role: 'receiver', streams: 'camera', ttlS: 600 });
  return new Response(token, { headers: { 'cache-control': 'no-store' } });
}
