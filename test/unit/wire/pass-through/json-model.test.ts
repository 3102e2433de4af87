import { describe, expect, it } from 'vitest'
import { withModel } from '../../../../src/wire/pass-through/json-model.ts'

const renamed = (json: string, name = 'new') => {
  const bytes = new TextEncoder().encode(json)
  return new TextDecoder().decode(withModel(bytes, name))
}

describe('a model is written into JSON', () => {
  it.each([
    ['{"model":"old"}', '{"model":"new"}'],
    [
      ' {\n "n": 1.0, "model" :\t"old" , "x": 1e3 }\n',
      ' {\n "n": 1.0, "model" :\t"new" , "x": 1e3 }\n',
    ],
    ['{"model":null,"a":1}', '{"model":"new","a":1}'],
    ['{"a":1,"model":null}', '{"a":1,"model":"new"}'],
    ['{"m\\u006fdel":"old"}', '{"m\\u006fdel":"new"}'],
    ['{"a":{"model":"in"},"model":"old"}', '{"a":{"model":"in"},"model":"new"}'],
    [
      '{"a":["model",{"model":"in"}],"model":"o\\"ld"}',
      '{"a":["model",{"model":"in"}],"model":"new"}',
    ],
    ['{"a":"model\\": \\"b","model":""}', '{"a":"model\\": \\"b","model":"new"}'],
    ['{"model":"größer"}', '{"model":"new"}'],
  ])('in place of its own: %j', (json, expected) => {
    expect(renamed(json)).toBe(expected)
  })

  it.each([
    ['{}', '{"model":"new"}'],
    ['{ \n}', '{"model":"new" \n}'],
    ['{"a":{"model":"in"}}', '{"model":"new","a":{"model":"in"}}'],
    ['{"models":["a"]}', '{"model":"new","models":["a"]}'],
  ])('as the first field where it has none: %j', (json, expected) => {
    expect(renamed(json)).toBe(expected)
  })

  it('whatever it is called', () => {
    const name = 'a"b\\c\u2028ü'
    expect(JSON.parse(renamed('{"model":"x","a":1}', name))).toEqual({ model: name, a: 1 })
  })
})
