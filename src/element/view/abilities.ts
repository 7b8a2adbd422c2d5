/* What a browser can do with a picture, each in its own way. Nothing is touched before it is called. */

interface AppleVideo {
  webkitEnterFullscreen?(): void;
}

/** An iPhone makes only the video itself fullscreen; every other browser takes the whole element, tools and all. */
export function canFullscreen(video: HTMLVideoElement | null): boolean {
  if (typeof document === 'undefined') return false;
  return document.fullscreenEnabled || (video as AppleVideo | null)?.webkitEnterFullscreen !== undefined;
}

export async function toggleFullscreen(element: HTMLElement, video: HTMLVideoElement): Promise<void> {
  if (element.matches(':fullscreen')) await document.exitFullscreen();
  else if (document.fullscreenEnabled) await element.requestFullscreen();
  else (video as AppleVideo).webkitEnterFullscreen?.();
}

export function canPictureInPicture(): boolean {
  return typeof document !== 'undefined' && document.pictureInPictureEnabled === true;
}

/** `pictureInPictureElement` of the video's own tree: the document names the host, not what is inside it. */
export async function togglePictureInPicture(video: HTMLVideoElement): Promise<void> {
  const root = video.getRootNode() as Document | ShadowRoot;
  if (root.pictureInPictureElement === video) await document.exitPictureInPicture();
  else await video.requestPictureInPicture();
}

/**
 * The frame on the screen in its full resolution, as PNG; `null` before the first frame. As the camera gave it: not turned, not
 * mirrored, not cut, because a snapshot is evidence and a view is not.
 */
export function grabFrame(video: HTMLVideoElement): Promise<Blob | null> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  if (canvas.width === 0 || canvas.height === 0) return Promise.resolve(null);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}

/** "camera-2026-11-22-14-02-31": sorts by time, and every file system takes it. */
export function fileName(stream: string, at = new Date()): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())];
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two);
  return [stream.replaceAll(/[^\w-]/g, '_'), ...day, ...time].join('-');
}

/** Gives `content` to the person, as a file. */
export function saveFile(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The download has taken hold of the blob by the next task.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}

/** Cameras often live on plain http, where there is no `navigator.clipboard`: the old way still works there. */
export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Not allowed here; perhaps the other way is.
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.style.cssText = 'position:fixed;opacity:0';
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
