/** How to get a model server, for each system. Each is found by itself at the port that it uses by default. */
import type { System } from './system.ts'

export interface Install {
  title: string
  /** The port at which sluice looks for it. */
  port: string
  /** Who it suits. */
  about: string
  /** What holds on one system only. */
  notes?: Partial<Record<System, string>>
  /** Installs it. */
  install: Record<System, string>
  /** Then: gets a model and serves it. */
  serve: readonly string[]
}

export const INSTALLS: readonly Install[] = [
  {
    title: 'Ollama',
    port: '11434',
    about: 'The shortest way: it starts by itself and fetches models by name.',
    install: {
      macos: 'curl -fsSL https://ollama.com/install.sh | sh',
      linux: 'curl -fsSL https://ollama.com/install.sh | sh',
      windows: 'irm https://ollama.com/install.ps1 | iex',
    },
    serve: ['ollama pull qwen3:4b'],
  },
  {
    title: 'llama-server',
    port: '8080',
    about: 'The server of llama.cpp: small, fast, one model per server.',
    notes: {
      linux: 'This needs Homebrew; your distribution may have a package of its own.',
      macos: 'This needs Homebrew.',
    },
    install: {
      macos: 'brew install llama.cpp',
      linux: 'brew install llama.cpp',
      windows: 'winget install llama.cpp',
    },
    serve: ['llama-server -hf ggml-org/gemma-3-4b-it-GGUF'],
  },
  {
    title: 'LM Studio',
    port: '1234',
    about: 'A desktop program with a list of models; these lines install it without its window.',
    install: {
      macos: 'curl -fsSL https://lmstudio.ai/install.sh | bash',
      linux: 'curl -fsSL https://lmstudio.ai/install.sh | bash',
      windows: 'irm https://lmstudio.ai/install.ps1 | iex',
    },
    serve: ['lms get qwen/qwen3-4b', 'lms server start'],
  },
  {
    title: 'vLLM',
    port: '8000',
    about: 'For many requests at once on a large GPU.',
    notes: {
      macos: 'It is made for Linux: on a Mac, one of the others is the better choice.',
      windows: 'It runs in the Windows Subsystem for Linux: type these lines there.',
    },
    install: {
      macos: 'uv venv && uv pip install vllm --torch-backend=auto',
      linux: 'uv venv && uv pip install vllm --torch-backend=auto',
      windows: 'uv venv && uv pip install vllm --torch-backend=auto',
    },
    serve: ['uv run vllm serve Qwen/Qwen3-4B'],
  },
]
