/**
 * TensorFlow's record files: each record is framed by its length and two checksums.
 *
 *   u64 length | u32 masked crc of the 8 length bytes | data | u32 masked crc of data      (little-endian)
 *   masked(c) = rotate right by 15 bits, + 0xa282ead8                                       crc32c, polynomial 0x1EDC6F41, reflected
 *
 * Source   tensorflow/core/lib/io/record_writer.cc and lib/hash/crc32c.h.
 */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** The Castagnoli checksum: of "123456789" it is 0xe3069283. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

export function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

/**
 * The data of each whole record. A last one that is cut off does not count, since a writer may be at work.
 *
 * Errors    RangeError with the place of a record whose checksum is wrong.
 */
export function unframe(bytes: Uint8Array, path: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  for (let begin = 0; begin + 16 <= bytes.length; ) {
    const check = (what: string, from: number, to: number) => {
      if (view.getUint32(to, true) === masked(crc32c(bytes.subarray(from, to)))) return;
      throw new RangeError(
        `Cannot read ${path} as the checksum of record ${records.length}'s ${what} must fit: it does not, at byte ${to}; the file is damaged, or none of TensorFlow's`,
      );
    };
    check("length", begin, begin + 8);
    const length = Number(view.getBigUint64(begin, true));
    const end = begin + 12 + length;
    if (end + 4 > bytes.length) break;
    check("data", begin + 12, end);
    records.push(bytes.subarray(begin + 12, end));
    begin = end + 4;
  }
  return records;
}
