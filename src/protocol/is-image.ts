/** Of an uploaded file, whose type the server has looked at: it is shown, and goes to the model, as a picture and not as text. */
export function isImage({ type }: { type: string }): boolean {
  return type.startsWith('image/');
}
