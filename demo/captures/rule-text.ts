/** The rule of what is captured, in words. */
export function ruleText(rule: string): string {
  const at = rule.indexOf('=')
  const [name, value] = at < 0 ? [rule, ''] : [rule.slice(0, at), rule.slice(at + 1)]
  if (name === 'all') return 'all requests'
  if (name === 'key') return `requests of key ${value}`
  if (name === 'engine') return `requests to engine ${value}`
  if (name === 'next') return value === '1' ? 'the next request' : `the next ${value} requests`
  return name === 'off' ? 'nothing' : rule
}
