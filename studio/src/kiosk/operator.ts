import { mount } from "svelte";

import "../../../src/closeup/pages/house.css";
import "./kiosk.css";

import { loadDisplayFace } from "./documents.ts";
import Operator from "./Operator.svelte";

history.replaceState(null, "", location.pathname); // the link's token has done its work
loadDisplayFace();
mount(Operator, { target: document.body });
