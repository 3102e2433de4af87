import { text } from '../declaration.ts'

export const docsUrl = {
  docsUrl: text({
    pattern: /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
    placeholder: 'URL',
    expected: 'an http or https URL, such as https://docs.example.com',
    help: 'The address of a documentation site, to which the field doc_url of an error leads: URL/errors#CODE. By default it leads to GET /docs/errors/CODE of this server.',
  }),
}
