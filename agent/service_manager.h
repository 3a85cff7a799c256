// Tells the service manager (systemd with Type=notify, sd_notify(3)) how the agent is. Does nothing where none asked to
// be told. Loop thread only.
#pragma once

namespace netclsd {

void tell_ready();
void tell_alive();  // for the watchdog: the loop goes round
void tell_stopping();

}  // namespace netclsd
