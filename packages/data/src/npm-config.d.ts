/** The part of `@npmcli/config` that its published types leave out: npm's own table of options. */
declare module "@npmcli/config/lib/definitions/index.js" {
  import type Config from "@npmcli/config";

  const npm: {
    definitions: Config.DefinitionsObject;
    shorthands: Config.ShortFlags;
    flatten: NonNullable<Config.Options["flatten"]>;
  };
  export default npm;
}
