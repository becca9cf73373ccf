package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"time"

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
	// Username is the name of the user whose device it is. It is empty if that is not known.
	Username string `json:"username,omitempty"`
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

// TrackedDevice is what the pool keeps about a user's device.
type TrackedDevice struct {
	// Key names the device.
	Key string
	// Name is what it was confirmed under; "" when that was nothing.
	Name string
	// LastIP is the address that it was used from last; "" when it is not known.
	LastIP string
	// Remembered says that it can stand in for MFA. Only the administrator's calls tell; else it is false.
	Remembered bool
	// Attributes are all that the service says, such as device_status; those that begin with "dev:" come with the
	// administrator's calls only.
	Attributes Attributes
	// Created, Modified and Authenticated are when it was confirmed, changed last and signed in with last; zero
	// when the service does not say.
	Created, Modified, Authenticated time.Time
}

func newTrackedDevice(d types.DeviceType) *TrackedDevice {
	attrs := newAttributes(d.DeviceAttributes)
	return &TrackedDevice{
		Key: aws.ToString(d.DeviceKey), Name: attrs["device_name"], LastIP: attrs["last_ip_used"],
		Remembered: attrs["dev:device_remembered_status"] == string(types.DeviceRememberedStatusTypeRemembered),
		Attributes: attrs, Created: aws.ToTime(d.DeviceCreateDate), Modified: aws.ToTime(d.DeviceLastModifiedDate),
		Authenticated: aws.ToTime(d.DeviceLastAuthenticatedDate),
	}
}

var errNoDeviceKey = fieldError("device key", "want the key of a device, got none")

// rememberedStatus is the service's word for it.
func rememberedStatus(remembered bool) types.DeviceRememberedStatusType {
	if remembered {
		return types.DeviceRememberedStatusTypeRemembered
	}
	return types.DeviceRememberedStatusTypeNotRemembered
}

// GetDevice returns what the pool keeps about the signed-in user's device key; [ErrDeviceNotFound] is the usual error.
//
// It calls GetDevice, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) GetDevice(ctx context.Context, key string) (*TrackedDevice, error) {
	d, err := c.getDevice(ctx, key)
	return d, wrapError("GetDevice", err)
}

func (c *Cognito) getDevice(ctx context.Context, key string) (*TrackedDevice, error) {
	if key == "" {
		return nil, errNoDeviceKey
	}
	var d *TrackedDevice
	err := c.withAccessToken(ctx, func(token *string) error {
		out, err := c.pool.sdk.GetDevice(ctx, &cognitoidentityprovider.GetDeviceInput{AccessToken: token, DeviceKey: aws.String(key)})
		if err != nil {
			return err
		}
		d, err = deviceOf(out.Device)
		return err
	})
	return d, err
}

// deviceOf takes a device out of an answer.
func deviceOf(d *types.DeviceType) (*TrackedDevice, error) {
	if d == nil {
		return nil, fieldError("the service's answer", "want a device, got none")
	}
	return newTrackedDevice(*d), nil
}

// Devices lists the signed-in user's devices, page by page as the range goes on; each range starts anew, and ends with
// the first error. It takes the options [Limit] and [PageSize].
//
// It calls ListDevices, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) Devices(ctx context.Context, opts ...CallOption) iter.Seq2[*TrackedDevice, error] {
	return wrapErrors("Devices", deviceList(ctx, opts, func(ctx context.Context, next *string, size *int32) (p page[types.DeviceType], err error) {
		err = c.withAccessToken(ctx, func(token *string) error {
			out, err := c.pool.sdk.ListDevices(ctx, &cognitoidentityprovider.ListDevicesInput{AccessToken: token, Limit: size, PaginationToken: next})
			if err == nil {
				p = page[types.DeviceType]{items: out.Devices, next: out.PaginationToken}
			}
			return err
		})
		return p, err
	}))
}

func deviceList(ctx context.Context, opts []CallOption, fetch func(context.Context, *string, *int32) (page[types.DeviceType], error)) iter.Seq2[*TrackedDevice, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[*TrackedDevice](err)
	}
	return mapped(pages(ctx, call.list, fetch), func(d types.DeviceType) (*TrackedDevice, error) { return newTrackedDevice(d), nil })
}

// UpdateDeviceStatus says whether the signed-in user's device key is remembered, so that it can stand in for MFA;
// [ErrDeviceNotFound] is the usual error.
//
// It calls UpdateDeviceStatus, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) UpdateDeviceStatus(ctx context.Context, key string, remembered bool) error {
	return wrapError("UpdateDeviceStatus", c.updateDeviceStatus(ctx, key, remembered))
}

func (c *Cognito) updateDeviceStatus(ctx context.Context, key string, remembered bool) error {
	if key == "" {
		return errNoDeviceKey
	}
	err := c.withAccessToken(ctx, func(token *string) error {
		_, err := c.pool.sdk.UpdateDeviceStatus(ctx, &cognitoidentityprovider.UpdateDeviceStatusInput{
			AccessToken: token, DeviceKey: aws.String(key), DeviceRememberedStatus: rememberedStatus(remembered),
		})
		return err
	})
	if err == nil {
		c.session.rememberedDevice(key, remembered)
	}
	return err
}

// ForgetDevice makes the pool forget the signed-in user's device key; if it is the session's, the session forgets it,
// too. [ErrDeviceNotFound] is the usual error.
//
// It calls ForgetDevice, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) ForgetDevice(ctx context.Context, key string) error {
	return wrapError("ForgetDevice", c.forgetDevice(ctx, key))
}

func (c *Cognito) forgetDevice(ctx context.Context, key string) error {
	if key == "" {
		return errNoDeviceKey
	}
	err := c.withAccessToken(ctx, func(token *string) error {
		_, err := c.pool.sdk.ForgetDevice(ctx, &cognitoidentityprovider.ForgetDeviceInput{AccessToken: token, DeviceKey: aws.String(key)})
		return err
	})
	if err == nil {
		c.session.dropDevice(key)
	}
	return err
}

// checkUserDevice refuses what names no device of a user.
func checkUserDevice(username, key string) error {
	switch {
	case username == "":
		return errNoUsername
	case key == "":
		return errNoDeviceKey
	default:
		return nil
	}
}

// AdminGetDevice returns what the pool keeps about the device key of the user username; [ErrUserNotFound] and
// [ErrDeviceNotFound] are the usual errors.
//
// It calls AdminGetDevice, which needs AWS credentials.
func (c *Cognito) AdminGetDevice(ctx context.Context, username, key string) (*TrackedDevice, error) {
	d, err := c.adminGetDevice(ctx, username, key)
	return d, wrapError("AdminGetDevice", err)
}

func (c *Cognito) adminGetDevice(ctx context.Context, username, key string) (*TrackedDevice, error) {
	if err := checkUserDevice(username, key); err != nil {
		return nil, err
	}
	out, err := c.pool.sdk.AdminGetDevice(ctx, &cognitoidentityprovider.AdminGetDeviceInput{
		UserPoolId: aws.String(c.pool.id), Username: aws.String(username), DeviceKey: aws.String(key),
	})
	if err != nil {
		return nil, err
	}
	return deviceOf(out.Device)
}

// AdminDevices lists the devices of the user username, page by page as the range goes on; each range starts anew, and
// ends with the first error. It takes the options [Limit] and [PageSize].
//
// It calls AdminListDevices, which needs AWS credentials.
func (c *Cognito) AdminDevices(ctx context.Context, username string, opts ...CallOption) iter.Seq2[*TrackedDevice, error] {
	return wrapErrors("AdminDevices", c.adminDevices(ctx, username, opts))
}

// AdminListDevices returns all devices of the user username; nil when there are none. For the rest see
// [Cognito.AdminDevices].
func (c *Cognito) AdminListDevices(ctx context.Context, username string, opts ...CallOption) ([]*TrackedDevice, error) {
	return collect(wrapErrors("AdminListDevices", c.adminDevices(ctx, username, opts)))
}

func (c *Cognito) adminDevices(ctx context.Context, username string, opts []CallOption) iter.Seq2[*TrackedDevice, error] {
	if username == "" {
		return failed[*TrackedDevice](errNoUsername)
	}
	return deviceList(ctx, opts, func(ctx context.Context, next *string, size *int32) (page[types.DeviceType], error) {
		out, err := c.pool.sdk.AdminListDevices(ctx, &cognitoidentityprovider.AdminListDevicesInput{
			UserPoolId: aws.String(c.pool.id), Username: aws.String(username), Limit: size, PaginationToken: next,
		})
		if err != nil {
			return page[types.DeviceType]{}, err
		}
		return page[types.DeviceType]{items: out.Devices, next: out.PaginationToken}, nil
	})
}

// AdminUpdateDeviceStatus says whether the device key of the user username is remembered, so that it can stand in for
// MFA; [ErrUserNotFound] and [ErrDeviceNotFound] are the usual errors.
//
// It calls AdminUpdateDeviceStatus, which needs AWS credentials.
func (c *Cognito) AdminUpdateDeviceStatus(ctx context.Context, username, key string, remembered bool) error {
	return wrapError("AdminUpdateDeviceStatus", c.adminUpdateDeviceStatus(ctx, username, key, remembered))
}

func (c *Cognito) adminUpdateDeviceStatus(ctx context.Context, username, key string, remembered bool) error {
	if err := checkUserDevice(username, key); err != nil {
		return err
	}
	_, err := c.pool.sdk.AdminUpdateDeviceStatus(ctx, &cognitoidentityprovider.AdminUpdateDeviceStatusInput{
		UserPoolId: aws.String(c.pool.id), Username: aws.String(username), DeviceKey: aws.String(key),
		DeviceRememberedStatus: rememberedStatus(remembered),
	})
	return err
}

// AdminForgetDevice makes the pool forget the device key of the user username; [ErrUserNotFound] and
// [ErrDeviceNotFound] are the usual errors. A session that signs in with the device goes on without it then.
//
// It calls AdminForgetDevice, which needs AWS credentials.
func (c *Cognito) AdminForgetDevice(ctx context.Context, username, key string) error {
	return wrapError("AdminForgetDevice", c.adminForgetDevice(ctx, username, key))
}

func (c *Cognito) adminForgetDevice(ctx context.Context, username, key string) error {
	if err := checkUserDevice(username, key); err != nil {
		return err
	}
	_, err := c.pool.sdk.AdminForgetDevice(ctx, &cognitoidentityprovider.AdminForgetDeviceInput{
		UserPoolId: aws.String(c.pool.id), Username: aws.String(username), DeviceKey: aws.String(key),
	})
	return err
}
