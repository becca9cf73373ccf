package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito/internal/srp"
)

// Device is a device that the pool remembers for a user, with the password by which it proves itself. Store it
// as a secret. Printed or logged it shows no password.
type Device struct {
	// Key and GroupKey are what the service named the device in NewDeviceMetadata.
	Key      string `json:"key"`
	GroupKey string `json:"group_key"`
	// Password is the device's own password, from [NewDeviceVerifier]; the user never sees it.
	Password string `json:"password"`
	// UserConfirmationNecessary says that the pool knows the device but remembers it only when the user agrees: ask,
	// and call [Cognito.UpdateDeviceStatus].
	UserConfirmationNecessary bool `json:"user_confirmation_necessary,omitempty"`
}

// Format prints the device without its password, whatever the verb.
func (d Device) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Device{"+d.Key+" in "+d.GroupKey+"}")
}

// LogValue logs the device's keys, without its password.
func (d Device) LogValue() slog.Value {
	return slog.GroupValue(slog.String("key", d.Key), slog.String("group_key", d.GroupKey))
}

// check refuses a device that cannot prove itself.
func (d Device) check() error {
	if d.Key == "" || d.GroupKey == "" || d.Password == "" {
		return fieldError("device", "want a key, a group key and a password")
	}
	return nil
}

// Device returns the device that the session signs in with, to be stored with the user and given to [WithDevice] later: the
// one from WithDevice, or the one that was confirmed since. ok is false when there is none: also after the pool turned
// out to have forgotten it, or refused its proof; see [Cognito.DeviceError].
func (c *Cognito) Device() (d Device, ok bool) {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.session.device == nil {
		return Device{}, false
	}
	return *c.session.device, true
}

// DeviceError returns what went wrong with the device at the session's last sign-in without failing it; nil when nothing
// did. It matches [ErrDeviceNotFound] when the pool had forgotten the device and [ErrDeviceRefused] when it did not take
// its proof: the device was dropped, and the sign-in went on without. Any other error is that of confirming a new
// device under [WithDeviceTracking].
func (c *Cognito) DeviceError() error {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.session.deviceErr
}

// ConfirmDevice tells the pool that the device which the last sign-in brought is to be known, under name, which may be
// empty. The device is then the session's and is returned to be stored: later sign-ins with it ([WithDevice]) skip MFA
// where the pool is set up so, once it is remembered. It is remembered at once, unless UserConfirmationNecessary says
// that the user must agree first. Where devices are tracked, tokens that came with a new device can be refreshed only
// after it was confirmed. Without a new device it returns [ErrNoNewDevice]. The request is not sent again after a
// failure that leaves open whether it was taken.
//
// It calls ConfirmDevice, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) ConfirmDevice(ctx context.Context, name string) (Device, error) {
	d, err := c.confirmDevice(ctx, name)
	return d, wrapError("ConfirmDevice", err)
}

func (c *Cognito) confirmDevice(ctx context.Context, name string) (Device, error) {
	d, ok := c.session.offeredDevice()
	if !ok {
		return Device{}, ErrNoNewDevice
	}
	password, verifier, err := newDeviceVerifier(d.GroupKey, d.Key)
	if err != nil {
		return Device{}, err
	}
	d.Password = password
	err = c.withAccessToken(ctx, func(token *string) error {
		out, err := c.pool.sdk.ConfirmDevice(ctx, &cognitoidentityprovider.ConfirmDeviceInput{
			AccessToken: token, DeviceKey: aws.String(d.Key), DeviceName: optional(name), DeviceSecretVerifierConfig: verifier,
		}, sendOnce)
		if err == nil {
			d.UserConfirmationNecessary = out.UserConfirmationNecessary
		}
		return err
	})
	if err != nil {
		return Device{}, err
	}
	c.session.confirmedDevice(d)
	return d, nil
}

// trackDevice confirms and remembers the device that a sign-in brought, if the session is to. That it cannot does not
// fail the sign-in.
func (s *signIn) trackDevice(ctx context.Context) {
	name := s.c.session.trackName
	if _, ok := s.c.session.offeredDevice(); !ok || name == nil {
		return
	}
	d, err := s.c.confirmDevice(ctx, *name)
	if err == nil && d.UserConfirmationNecessary {
		err = s.c.updateDeviceStatus(ctx, d.Key, true)
	}
	if err != nil {
		s.reportDevice(ctx, "cognito: the new device could not be confirmed", err)
	}
}

// startDevice answers DEVICE_SRP_AUTH.
func (s *signIn) startDevice(ctx context.Context) (authReply, error) {
	s.deviceSRP = srp.NewClient()
	return s.respondDevice(ctx, types.ChallengeNameTypeDeviceSrpAuth, map[string]string{keySRPA: s.deviceSRP.PublicKey()})
}

// proveDevice answers DEVICE_PASSWORD_VERIFIER.
func (s *signIn) proveDevice(ctx context.Context, reply authReply) (authReply, error) {
	id := srp.Identity{Namespace: s.device.GroupKey, Name: s.device.Key}
	answers, err := claim(s.deviceSRP, id, s.device.Password, reply.params, s.c.pool.now())
	if err != nil {
		return authReply{}, err
	}
	s.proven = true
	return s.respondDevice(ctx, types.ChallengeNameTypeDevicePasswordVerifier, answers)
}

// respondDevice answers a challenge to the device. When the pool does not take it, the device is dropped and the sign-in
// begins again without it; that needs the password, so a sign-in that was taken up at a challenge ends.
func (s *signIn) respondDevice(ctx context.Context, name types.ChallengeNameType, answers map[string]string) (authReply, error) {
	reply, err := s.send(ctx, name, answers)
	failure := &Error{Op: s.op, Err: err}
	if !errors.Is(failure, ErrDeviceNotFound) && !errors.Is(failure, ErrInvalidCredentials) {
		return reply, err
	}
	if errors.Is(failure, ErrInvalidCredentials) || s.opening == nil {
		err = &deviceRefusal{err}
	}
	s.dropDevice(ctx, err)
	if s.opening == nil {
		return authReply{}, err
	}
	return s.initiate(ctx)
}

// healed sends a request of the sign-in, and once more without the device when the pool has forgotten that.
func (s *signIn) healed(ctx context.Context, send func() (authReply, error)) (authReply, error) {
	reply, err := send()
	if s.device == nil || !errors.Is(&Error{Err: err}, ErrDeviceNotFound) {
		return reply, err
	}
	s.dropDevice(ctx, err)
	return send()
}

// dropDevice goes on without the device, in this sign-in and later ones, because of err.
func (s *signIn) dropDevice(ctx context.Context, err error) {
	s.c.session.dropDevice(s.device.Key)
	s.device, s.deviceSRP = nil, nil
	s.reportDevice(ctx, "cognito: the device is dropped", err)
}

// reportDevice says what went wrong with a device in a sign-in that goes on.
func (s *signIn) reportDevice(ctx context.Context, what string, err error) {
	err = wrapError(s.op, err)
	s.c.session.noteDevice(err)
	s.c.pool.log.WarnContext(ctx, what, slog.String("username", clip(s.username)), slog.Any("error", err))
}

// deviceRefusal is the service's refusal of a device's proof. The service says the same as of a wrong password.
type deviceRefusal struct{ err error }

func (e *deviceRefusal) Error() string { return ErrDeviceRefused.Error() + ": " + causeText(e.err) }

func (e *deviceRefusal) Unwrap() error { return e.err }

// Is lets a forgotten device be told from one whose proof is wrong.
func (e *deviceRefusal) Is(target error) bool {
	return target == ErrDeviceRefused || target == ErrDeviceNotFound && serviceReason(e.err) == ErrDeviceNotFound
}
