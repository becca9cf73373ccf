package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/gocognito/cognito"
)

// deviceOptions are those of a session with the device that was kept, if there is one.
func (s settings) deviceOptions() ([]cognito.SessionOption, error) {
	if s.device == "" {
		return nil, nil
	}
	options := []cognito.SessionOption{cognito.WithDeviceTracking("terminal")}
	raw, err := os.ReadFile(s.device)
	if errors.Is(err, fs.ErrNotExist) {
		return options, nil
	}
	if err != nil {
		return nil, err
	}
	var d cognito.Device
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	return append(options, cognito.WithDevice(d)), nil
}

// keepDevice writes the session's device to the file, which only its owner can read.
func (s settings) keepDevice(session *cognito.Cognito, term terminal) error {
	if s.device == "" {
		return nil
	}
	if err := session.DeviceError(); err != nil {
		term.Say("The device: " + err.Error())
	}
	d, ok := session.Device()
	if !ok {
		return nil
	}
	raw, err := json.Marshal(d) //nolint:gosec // the file is its owner's
	if err != nil {
		return err
	}
	return os.WriteFile(s.device, raw, 0o600)
}
