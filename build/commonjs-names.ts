// oxlint-disable no-underscore-dangle -- CommonJS named them
// Given to bundled CommonJS modules that use these names; where none does, the bundler drops them.
export const __filename = import.meta.filename;
export const __dirname = import.meta.dirname;
