// The person's browser.
#pragma once
#include <string>

#include "producers/push/credentials.h"

namespace plumbline::client {

// $BROWSER (its first word before a colon), else xdg-open where there is a display: started beside, with the
// address as its one argument, by no shell. Nothing happens where there is none: the address is printed too.
void open_browser(const std::string& address, const push::Environment& environment);

}  // namespace plumbline::client
