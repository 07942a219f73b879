import { mount } from "svelte";

import "../../../src/closeup/pages/house.css";
import "../../../src/closeup/features/cast/templates/report.css";
import "./studio.css";

import Studio from "./Studio.svelte";

mount(Studio, { target: document.body });
