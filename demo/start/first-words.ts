/** What Start says before anything was found: in the HTML of the page already, so that it is there at once. */
export const LEAD =
  'sluice puts the models of your own hardware behind one address that speaks the OpenAI, Anthropic and Ollama APIs: those of model servers on this machine or in your network, and those that run in a browser, on its GPU. This page shows what there is, and what to try next.'

export const LOOKING = {
  title: 'Looking for models…',
  text: 'sluice asks the servers on this machine.',
}
