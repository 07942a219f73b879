import { mount } from "svelte";

import "../../../src/closeup/pages/house.css";
import "./kiosk.css";

import Kiosk from "./Kiosk.svelte";
import { loadDisplayFace } from "./documents.ts";

history.replaceState(null, "", location.pathname); // the link's token has done its work
loadDisplayFace();
mount(Kiosk, { target: document.body });
