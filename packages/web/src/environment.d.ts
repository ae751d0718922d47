/** What the bundler gives: components, style sheets, files by their address. */
/// <reference types="svelte" />
/// <reference types="vite/client" />
