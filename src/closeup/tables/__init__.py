"""Tables of text: strict CSV that names the line of every fault, and tables that grow while a run goes on."""
