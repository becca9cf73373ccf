package cognito

import (
	"fmt"
	"io"
	"log/slog"
)

// Device is a device that the pool remembers for a user, with the password by which it proves itself. Store it
// as a secret. Printed or logged it shows no password.
type Device struct {
	// Key and GroupKey are what the service named the device in NewDeviceMetadata.
	Key      string `json:"key"`
	GroupKey string `json:"group_key"`
	// Password is the device's own password, from [NewDeviceVerifier]; the user never sees it.
	Password string `json:"password"`
}

// Format prints the device without its password, whatever the verb.
func (d Device) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Device{"+d.Key+" in "+d.GroupKey+"}")
}

// LogValue logs the device's keys, without its password.
func (d Device) LogValue() slog.Value {
	return slog.GroupValue(slog.String("key", d.Key), slog.String("group_key", d.GroupKey))
}
