package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"slices"
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
	// Username is whose device it is, by the name that the user signed in with. It is empty in devices that were not
	// confirmed by this package.
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
	if d := c.session.current().device; d != nil {
		return *d, true
	}
	return Device{}, false
}

// DeviceError returns what went wrong with the device at the session's last sign-in without failing it; nil when nothing
// did. It matches [ErrDeviceNotFound] when the pool had forgotten the device and [ErrDeviceRefused] when it did not take
// its proof: the device was dropped, and the sign-in went on without. Any other error is that of confirming a new
// device under [WithDeviceTracking].
func (c *Cognito) DeviceError() error {
	return c.session.current().deviceErr
}

// ConfirmDevice tells the pool that the device which the last sign-in brought is to be known, under name, which may be
// empty. The device is then the session's and is returned to be stored: later sign-ins with it ([WithDevice]) skip MFA
// where the pool is set up so, once it is remembered. It is remembered at once, unless UserConfirmationNecessary says
// that the user must agree first. Where devices are tracked, tokens that came with a new device can be refreshed only
// after it was confirmed. Without a new device it returns [ErrNoNewDevice]. The request is not sent again after a
// failure that leaves open whether it was taken.
//
// It calls ConfirmDevice, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) ConfirmDevice(ctx context.Context, name string) (_ Device, err error) {
	defer named("ConfirmDevice", &err)
	if c.pool == nil || c.session == nil {
		return Device{}, errNotMade
	}
	return c.confirmDevice(ctx, name, c.withAccessToken)
}

// withToken makes a call with an access token.
type withToken func(ctx context.Context, call func(token *string) error) error

func (c *Cognito) confirmDevice(ctx context.Context, name string, with withToken) (Device, error) {
	st := c.session.current()
	if st.newDevice == nil {
		return Device{}, ErrNoNewDevice
	}
	d := *st.newDevice
	d.Username = st.name()
	password, verifier, err := newDeviceVerifier(d.GroupKey, d.Key)
	if err != nil {
		return Device{}, err
	}
	d.Password = password
	err = with(ctx, func(token *string) error {
		out, err := c.shared().sdk.ConfirmDevice(ctx, &cognitoidentityprovider.ConfirmDeviceInput{
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
	c.session.setDevice(ctx, d)
	return d, nil
}

// trackDevice confirms and remembers the device of ts, the tokens of a sign-in, if the session tracks devices. It runs
// within a change. A failure does not fail the sign-in: the next refresh tries again.
func (c *Cognito) trackDevice(ctx context.Context, op string, ts *tokenSet) {
	name, st := c.session.trackName, c.session.current()
	if name == nil || st.newDevice == nil || ts.AccessToken == "" || ts.hasExpired(c.shared().now()) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, trackTimeout)
	defer cancel()
	with := func(_ context.Context, call func(token *string) error) error { return call(aws.String(ts.AccessToken)) }
	d, err := c.confirmDevice(ctx, *name, with)
	if err == nil && d.UserConfirmationNecessary {
		err = c.updateDeviceStatus(ctx, d.Key, true, with)
	}
	if err != nil {
		c.reportDevice(ctx, op, "cognito: the new device could not be confirmed", err)
	}
}

// reportDevice says what went wrong with a device in a sign-in that goes on.
func (c *Cognito) reportDevice(ctx context.Context, op, what string, err error) {
	err = wrapError(op, err)
	c.session.noteDevice(err)
	c.shared().log.WarnContext(ctx, what, slog.String("username", clip(c.Username())), slog.Any("error", err))
}

// answerDeviceSRPAuth answers DEVICE_SRP_AUTH.
func (s *signIn) answerDeviceSRPAuth(ctx context.Context) (authReply, error) {
	s.deviceSRP = srp.NewClient()
	return s.respondDevice(ctx, types.ChallengeNameTypeDeviceSrpAuth, map[string]string{keySRPA: s.deviceSRP.PublicKey()})
}

// answerDevicePasswordVerifier answers DEVICE_PASSWORD_VERIFIER.
func (s *signIn) answerDevicePasswordVerifier(ctx context.Context, reply authReply) (authReply, error) {
	id := srp.Identity{Namespace: s.device.GroupKey, Name: s.device.Key}
	answers, err := proofResponses(s.deviceSRP, id, s.device.Password, reply.params, s.c.shared().now())
	if err != nil {
		return authReply{}, err
	}
	s.proven = true
	return s.respondDevice(ctx, types.ChallengeNameTypeDevicePasswordVerifier, answers)
}

// respondDevice answers a challenge to the device. When the pool does not take it, the device is dropped and the sign-in
// begins again without it; that needs the password, so a sign-in that was taken up at a challenge ends.
func (s *signIn) respondDevice(ctx context.Context, name types.ChallengeNameType, answers map[string]string) (authReply, error) {
	reply, err := s.respondToAuthChallenge(ctx, name, answers)
	failure := &Error{Op: s.op, Err: err}
	if !errors.Is(failure, ErrDeviceNotFound) && !errors.Is(failure, ErrInvalidCredentials) {
		return reply, err
	}
	if errors.Is(failure, ErrInvalidCredentials) || s.start == nil {
		err = &deviceRefusal{err}
	}
	s.dropDevice(ctx, err)
	if s.start == nil {
		return authReply{}, err
	}
	return s.initiate(ctx)
}

// retryWithoutDevice calls send, and calls it again without the device key if the pool no longer knows the device.
func (s *signIn) retryWithoutDevice(ctx context.Context, send func() (authReply, error)) (authReply, error) {
	reply, err := send()
	if s.device == nil || !errors.Is(&Error{Err: err}, ErrDeviceNotFound) {
		return reply, err
	}
	s.dropDevice(ctx, err)
	return send()
}

// dropDevice goes on without the device, in this sign-in and later ones, because of err.
func (s *signIn) dropDevice(ctx context.Context, err error) {
	s.c.session.dropDevice(ctx, s.device.Key)
	s.device, s.deviceSRP = nil, nil
	s.c.reportDevice(ctx, s.op, "cognito: the device is dropped", err)
}

// deviceRefusal is the service's refusal of a device's proof. The service says the same as of a wrong password.
type deviceRefusal struct{ err error }

func (e *deviceRefusal) Error() string { return ErrDeviceRefused.Error() + ": " + causeText(e.err) }

func (e *deviceRefusal) Unwrap() error { return e.err }

// Is lets a forgotten device be told from one whose proof is wrong.
func (e *deviceRefusal) Is(target error) bool {
	return target == ErrDeviceRefused || target == ErrDeviceNotFound && slices.Contains(serviceReasons(e.err), ErrDeviceNotFound)
}

// usableDevice returns the device that a sign-in of the session uses: the session's, or the one in its store; nil when
// there is none.
func (s *session) usableDevice(ctx context.Context) (*Device, error) {
	st := s.current()
	if st.device != nil {
		return st.device, st.device.check()
	}
	store, ok := s.store.(DeviceStore)
	if !ok {
		return nil, nil //nolint:nilnil // no device is no error
	}
	d, err := storeCall(ctx, "load the device from", store.LoadDevice)
	if err != nil {
		s.log.WarnContext(ctx, "cognito: the device could not be loaded", slog.Any("error", err))
		return nil, nil //nolint:nilnil // the sign-in goes on without
	}
	if d.check() != nil || d.Username != "" && st.username != "" && d.Username != st.username {
		return nil, nil //nolint:nilnil // it is none, or another user's
	}
	s.update(func(st *state) {
		if st.device == nil {
			st.device = &d
		}
	})
	return &d, nil
}

// dropDevice forgets the device key, here and in the store, unless another one has come since.
func (s *session) dropDevice(ctx context.Context, key string) {
	dropped := false
	s.update(func(st *state) {
		if dropped = st.device != nil && st.device.Key == key; dropped {
			st.device = nil
		}
	})
	if store, ok := s.store.(DeviceStore); ok && dropped {
		_, err := storeCall(context.WithoutCancel(ctx), "delete the device from", func(ctx context.Context) (struct{}, error) {
			return struct{}{}, store.DeleteDevice(ctx)
		})
		if err != nil {
			s.log.WarnContext(ctx, "cognito: the device could not be deleted", slog.Any("error", err))
		}
	}
}

// noteDevice keeps what went wrong with the device.
func (s *session) noteDevice(err error) {
	s.update(func(st *state) { st.deviceErr = err })
}

// offerDevice keeps the new device of a sign-in until it is confirmed; nil when there is none.
func (st *state) offerDevice(metadata *types.NewDeviceMetadataType) {
	st.newDevice = nil
	if metadata != nil {
		st.newDevice = &Device{Key: aws.ToString(metadata.DeviceKey), GroupKey: aws.ToString(metadata.DeviceGroupKey)}
	}
}

// setDevice makes d the session's, and keeps it in the store.
func (s *session) setDevice(ctx context.Context, d Device) {
	s.update(func(st *state) {
		st.device = &d
		if st.newDevice != nil && st.newDevice.Key == d.Key {
			st.newDevice = nil
		}
	})
	if store, ok := s.store.(DeviceStore); ok {
		_, err := storeCall(context.WithoutCancel(ctx), "save the device to", func(ctx context.Context) (struct{}, error) {
			return struct{}{}, store.SaveDevice(ctx, d)
		})
		if err != nil {
			s.log.WarnContext(ctx, "cognito: the device could not be saved", slog.Any("error", err))
		}
	}
}

// rememberedDevice notes that the user agreed to the device key, or took that back.
func (s *session) rememberedDevice(ctx context.Context, key string, remembered bool) {
	if d := s.current().device; d != nil && d.Key == key {
		next := *d
		next.UserConfirmationNecessary = !remembered
		s.setDevice(ctx, next)
	}
}

// newDeviceOf reports whether ts came with a device that was not confirmed yet.
func (st *state) newDeviceOf(ts *tokenSet) bool {
	return st.newDevice != nil && st.newDevice.Key == st.deviceKeyOf(ts)
}

// deviceKeyOf is the device that the refresh token of ts was issued with, which the service wants to be told: the access
// token names it; else it is the session's. It is "" when there is none.
func (st *state) deviceKeyOf(ts *tokenSet) string {
	switch {
	case ts.deviceKey != "":
		return ts.deviceKey
	case st.newDevice != nil:
		return st.newDevice.Key
	case st.device != nil:
		return st.device.Key
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

// GetDevice returns what the pool keeps about the signed-in user's device key. Common errors: [ErrDeviceNotFound].
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
		out, err := c.shared().sdk.GetDevice(ctx, &cognitoidentityprovider.GetDeviceInput{AccessToken: token, DeviceKey: aws.String(key)})
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
			out, err := c.shared().sdk.ListDevices(ctx, &cognitoidentityprovider.ListDevicesInput{AccessToken: token, Limit: size, PaginationToken: next})
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
// Common errors: [ErrDeviceNotFound].
//
// It calls UpdateDeviceStatus, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) UpdateDeviceStatus(ctx context.Context, key string, remembered bool) error {
	return wrapError("UpdateDeviceStatus", c.updateDeviceStatus(ctx, key, remembered, c.withAccessToken))
}

func (c *Cognito) updateDeviceStatus(ctx context.Context, key string, remembered bool, with withToken) error {
	if key == "" {
		return errNoDeviceKey
	}
	err := with(ctx, func(token *string) error {
		_, err := c.shared().sdk.UpdateDeviceStatus(ctx, &cognitoidentityprovider.UpdateDeviceStatusInput{
			AccessToken: token, DeviceKey: aws.String(key), DeviceRememberedStatus: rememberedStatus(remembered),
		})
		return err
	})
	if err == nil {
		c.session.rememberedDevice(ctx, key, remembered)
	}
	return err
}

// ForgetDevice makes the pool forget the signed-in user's device key; if it is the session's, the session forgets it,
// too. Common errors: [ErrDeviceNotFound].
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
		_, err := c.shared().sdk.ForgetDevice(ctx, &cognitoidentityprovider.ForgetDeviceInput{AccessToken: token, DeviceKey: aws.String(key)})
		return err
	})
	if err == nil {
		c.session.dropDevice(ctx, key)
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
// Common errors: [ErrDeviceNotFound].
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
	out, err := c.shared().sdk.AdminGetDevice(ctx, &cognitoidentityprovider.AdminGetDeviceInput{
		UserPoolId: aws.String(c.shared().id), Username: aws.String(username), DeviceKey: aws.String(key),
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
		out, err := c.shared().sdk.AdminListDevices(ctx, &cognitoidentityprovider.AdminListDevicesInput{
			UserPoolId: aws.String(c.shared().id), Username: aws.String(username), Limit: size, PaginationToken: next,
		})
		if err != nil {
			return page[types.DeviceType]{}, err
		}
		return page[types.DeviceType]{items: out.Devices, next: out.PaginationToken}, nil
	})
}

// AdminUpdateDeviceStatus says whether the device key of the user username is remembered, so that it can stand in for
// MFA. Common errors: [ErrUserNotFound], [ErrDeviceNotFound].
//
// It calls AdminUpdateDeviceStatus, which needs AWS credentials.
func (c *Cognito) AdminUpdateDeviceStatus(ctx context.Context, username, key string, remembered bool) error {
	return wrapError("AdminUpdateDeviceStatus", c.adminUpdateDeviceStatus(ctx, username, key, remembered))
}

func (c *Cognito) adminUpdateDeviceStatus(ctx context.Context, username, key string, remembered bool) error {
	if err := checkUserDevice(username, key); err != nil {
		return err
	}
	_, err := c.shared().sdk.AdminUpdateDeviceStatus(ctx, &cognitoidentityprovider.AdminUpdateDeviceStatusInput{
		UserPoolId: aws.String(c.shared().id), Username: aws.String(username), DeviceKey: aws.String(key),
		DeviceRememberedStatus: rememberedStatus(remembered),
	})
	return err
}

// AdminForgetDevice makes the pool forget the device key of the user username; [ErrUserNotFound] and
// Common errors: [ErrDeviceNotFound]. A session that signs in with the device goes on without it then.
//
// It calls AdminForgetDevice, which needs AWS credentials.
func (c *Cognito) AdminForgetDevice(ctx context.Context, username, key string) error {
	return wrapError("AdminForgetDevice", c.adminForgetDevice(ctx, username, key))
}

func (c *Cognito) adminForgetDevice(ctx context.Context, username, key string) error {
	if err := checkUserDevice(username, key); err != nil {
		return err
	}
	_, err := c.shared().sdk.AdminForgetDevice(ctx, &cognitoidentityprovider.AdminForgetDeviceInput{
		UserPoolId: aws.String(c.shared().id), Username: aws.String(username), DeviceKey: aws.String(key),
	})
	return err
}
