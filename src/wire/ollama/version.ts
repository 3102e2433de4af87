/**
 * The version of Ollama whose API is served: programs ask for it to learn what they may send, such as
 * VS Code's, which wants 0.6.4 at least. It is the release whose routes and types were followed
 * (https://github.com/ollama/ollama/tree/v0.32.15, `server/routes.go` and `api/types.go`).
 */
export const OLLAMA_VERSION = '0.32.15'
