import { inflateRawSync } from 'node:zlib';

const TAR_BLOCK = 512;

/** One file of a tar archive that is in memory already; undefined where it is not in there. */
export function readTarEntry(tar: Buffer, name: string): Buffer | undefined {
  for (let offset = 0; offset + TAR_BLOCK <= tar.length;) {
    const header = tar.subarray(offset, offset + TAR_BLOCK);
    const size = Number.parseInt(toText(header.subarray(124, 136)).trim(), 8) || 0;
    const content = offset + TAR_BLOCK;
    if (toText(header.subarray(0, 100)) === name) return tar.subarray(content, content + size);
    offset = content + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
  return undefined;
}

const ZIP_END = 0x06054b50;
const ZIP_ENTRY = 0x02014b50;
const DEFLATED = 8;

/**
 * One file of a zip archive, found by its central directory (the local headers may leave the sizes out); undefined
 * where it is not in there. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3
 */
export function readZipEntry(zip: Buffer, name: string): Buffer | undefined {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== ZIP_END) end--;
  if (end < 0) return undefined;
  let offset = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0 && zip.readUInt32LE(offset) === ZIP_ENTRY; left--) {
    const nameEnd = offset + 46 + zip.readUInt16LE(offset + 28);
    if (zip.toString('utf8', offset + 46, nameEnd) === name) return inflate(zip, offset);
    offset = nameEnd + zip.readUInt16LE(offset + 30) + zip.readUInt16LE(offset + 32);
  }
  return undefined;
}

function inflate(zip: Buffer, entry: number): Buffer {
  const method = zip.readUInt16LE(entry + 10);
  const size = zip.readUInt32LE(entry + 20);
  const local = zip.readUInt32LE(entry + 42);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const content = zip.subarray(start, start + size);
  return method === DEFLATED ? inflateRawSync(content) : content;
}

/** A field of a tar header ends at its first NUL byte. */
function toText(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}
