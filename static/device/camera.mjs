// A camera, or a screen or window of this device, and what to say when it does not come.

import { Trouble } from "./files.mjs";
import { outerWindow, say, unsay } from "./page.mjs";

/** The height is the camera's own: asked for another shape, a browser would cut faces off at the sides. */
const WIDTHS_PX = { "320 pixels": 320, "640 pixels": 640, "1280 pixels": 1280 };

/** The browser's own names of what goes wrong, as they are said here: what it is, what helps. */
const TROUBLE = {
  NotFoundError: "No camera: none was found. Plug one in, or close the program that uses it, and press START again.",
  NotAllowedError:
    "Not allowed: click the camera or lock sign beside the address, allow the camera for this page, and press START again.",
  NotReadableError: "The camera is busy: close the other program or tab that uses it, and press START again.",
  AbortError: "The camera did not start: unplug it and plug it in again, then press START.",
};
const NOT_SECURE =
  "Browsers give a camera only to pages served over https, or on the machine itself: this page came " +
  "over plain http. Open it with https://.";
const STOPPED =
  "The picture has stopped coming: is the camera still plugged in, and its cover open? Press STOP, then START.";

/** The stream of a source, "Camera" or "Screen or window"; `deviceId` chooses among cameras. */
export async function openSource(source, size, deviceId) {
  const devices = navigator.mediaDevices;
  if (!devices?.getUserMedia) throw new Trouble(NOT_SECURE);
  const video = { width: { ideal: WIDTHS_PX[size] ?? 640 }, frameRate: { ideal: 30 } };
  try {
    if (source !== "Camera") {
      // The dashboard's frame around this page lets it use cameras; screens are for the page outside.
      const outside = outerWindow().navigator.mediaDevices;
      if (!outside.getDisplayMedia) {
        throw new Trouble("This browser cannot share a screen: choose the camera as the source.");
      }
      return await outside.getDisplayMedia({ video, audio: false });
    }
    return await openCamera(video, deviceId);
  } catch (error) {
    if (error instanceof Trouble) throw error;
    throw new Trouble(TROUBLE[error.name] ?? `The camera did not start (${error.name}).`);
  }
}

async function openCamera(video, deviceId) {
  const chosen = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { ...video, ...chosen }, audio: false });
  } catch (error) {
    if (!deviceId || !["OverconstrainedError", "NotFoundError"].includes(error.name)) throw error;
    return openCamera(video); // the chosen one is gone: whichever there is
  }
}

/** Say that pictures have stopped coming, until they come again. */
export function sayStopped(quiet) {
  if (quiet) say(STOPPED);
  else unsay(STOPPED);
}

/** Cameras by name; browsers tell only after one was allowed. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
}
