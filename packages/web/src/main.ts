/** Puts the pages into the document. */
import { mount } from "svelte";
import App from "./App.svelte";
import "./style.css";

const target = document.getElementById("app");
if (target === null) throw new Error("Cannot show the pages as the document has no element #app");
mount(App, { target });
