// The files that reading needs: which there are, fetching them, unpacking them.

/** What `files.json` must say for this page to understand it. */
export const FORMAT = 1;

/** Something a person can act on; its message is one plain line. */
export class Trouble extends Error {}

/** What is there to read with (`emotion_ai/device/files.py` writes it). */
export async function fetchManifest(base) {
  const response = await reach(new URL("files.json", base), { cache: "no-cache" });
  let manifest;
  try {
    manifest = await response.json();
  } catch {
    throw new Trouble("The list of files could not be read. Reload the page.");
  }
  if (manifest.trouble) throw new Trouble(manifest.trouble);
  if (manifest.format !== FORMAT) {
    throw new Trouble("This page and its files are of different versions. Reload the page.");
  }
  return manifest;
}

/** A file's content as a stream, unpacked where it is packed; `progress(bytes)` counts what came. */
export async function openFile(base, file, progress = () => {}) {
  const response = await reach(new URL(file.path, base));
  const counted = response.body.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        progress(chunk.length);
        controller.enqueue(chunk);
      },
    }),
  );
  if (!file.path.endsWith(".gz")) return counted;
  return counted.pipeThrough(new DecompressionStream("gzip"));
}

/** A file's content, whole: cut off or another than expected, it is refused. */
export async function fetchFile(base, file, progress) {
  let content;
  try {
    content = new Uint8Array(await new Response(await openFile(base, file, progress)).arrayBuffer());
  } catch (error) {
    if (error instanceof Trouble) throw error;
    throw cutOff(file);
  }
  if (content.length !== file.bytes) throw cutOff(file);
  return content;
}

/** What to say of a file that came in part. */
export function cutOff(file) {
  const name = file.path.split("/").pop();
  return new Trouble(`The file ${name} came cut off or damaged. Reload the page.`);
}

async function reach(url, options = {}) {
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new Trouble("The files for reading could not be fetched: is the network there?");
  }
  if (!response.ok) {
    throw new Trouble("A file for reading is missing where this page came from. Reload the page.");
  }
  return response;
}
