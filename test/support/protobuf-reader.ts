// Reads protobuf without a schema, for the stand-in of an OTLP receiver.

/** What a field holds: a number for a varint, bytes for all else. */
export interface ProtobufField {
  field: number
  value: bigint | Uint8Array
}

/** The fields of a message, in their order. Throws for bytes that are no message. */
export function readMessage(bytes: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined || shift > 63n) throw new Error('expected the end of a varint')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (size: number): Uint8Array => {
    if (at + size > bytes.length)
      throw new Error(`expected ${size} bytes, got ${bytes.length - at}`)
    at += size
    return bytes.subarray(at - size, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const field = Math.floor(tag / 8)
    const type = tag % 8
    if (type === 0) fields.push({ field, value: varint() })
    else if (type === 1) fields.push({ field, value: take(8) })
    else if (type === 2) fields.push({ field, value: take(Number(varint())) })
    else if (type === 5) fields.push({ field, value: take(4) })
    else throw new Error(`expected a wire type, got ${type}`)
  }
  return fields
}
