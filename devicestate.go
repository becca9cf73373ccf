package cognito

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// deviceState is what a session knows of the user's device. The session's mu protects all but trackName.
type deviceState struct {
	trackName *string // confirm new devices under this name; nil: leave that to the caller

	device    *Device // signs in with the user; nil: none
	newDevice *Device // that the last sign-in brought, without a password; nil: none, or confirmed
	deviceErr error   // of the last sign-in, which went on without the device
}

// usableDevice returns a copy of the session's device, or nil.
func (s *session) usableDevice() (*Device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.device == nil {
		return nil, nil //nolint:nilnil // no device is no error
	}
	d := *s.device
	return &d, d.check()
}

// dropDevice forgets the device key, unless another one has come since.
func (s *session) dropDevice(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.device != nil && s.device.Key == key {
		s.device = nil
	}
}

// noteDevice keeps what went wrong with the device.
func (s *session) noteDevice(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deviceErr = err
}

// offerDevice keeps the new device of a sign-in until it is confirmed; nil when there is none.
func (s *session) offerDevice(metadata *types.NewDeviceMetadataType) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newDevice = nil
	if metadata != nil {
		s.newDevice = &Device{Key: aws.ToString(metadata.DeviceKey), GroupKey: aws.ToString(metadata.DeviceGroupKey)}
	}
}

// offeredDevice returns the new device that waits to be confirmed.
func (s *session) offeredDevice() (Device, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newDevice == nil {
		return Device{}, false
	}
	return *s.newDevice, true
}

// confirmedDevice makes d the session's.
func (s *session) confirmedDevice(d Device) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.device = &d
	if s.newDevice != nil && s.newDevice.Key == d.Key {
		s.newDevice = nil
	}
}

// rememberedDevice notes that the user agreed to the device key, or took that back.
func (s *session) rememberedDevice(key string, remembered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.device != nil && s.device.Key == key {
		d := *s.device
		d.UserConfirmationNecessary = !remembered
		s.device = &d
	}
}

// deviceKeyOf is the device that the refresh token of t was issued with, which the service wants to be told: the access
// token names it; else it is the session's. It is "" when there is none.
func (s *session) deviceKeyOf(t Tokens) string {
	if claims := unverifiedClaims(t.AccessToken); claims != nil && claims.deviceKey != "" {
		return claims.deviceKey
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.newDevice != nil:
		return s.newDevice.Key
	case s.device != nil:
		return s.device.Key
	default:
		return ""
	}
}
