import { mount } from "svelte";

import "../../../src/closeup/pages/house.css";
import "./page.css";

import Page from "./Page.svelte";

history.replaceState(null, "", location.pathname); // the link's token has done its work
mount(Page, { target: document.body });
