#include "exchange/addr.h"
