import { Camera, Colours } from './camera';

export const dynamic = 'force-dynamic';

/** Rendered on the server: the element's place, its address and its stream are in the HTML that it sends. */
export default function Page() {
  return (
    <>
      <header>
        <h1>Workshop</h1>
        <Colours />
      </header>
      <Camera src={process.env.CAMERA_SERVER ?? 'http://localhost:8080'} stream="camera" />
    </>
  );
}
