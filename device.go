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

// Device is a device that the pool remembers for a user, together with the password that the device
// proves when it signs in. Store it as a secret. Printed or logged, it shows no password.
type Device struct {
	// Key and GroupKey are the device's keys from the service's NewDeviceMetadata.
	Key      string `json:"key"`
	GroupKey string `json:"group_key"`
	// Password is the device's own password, from [NewDeviceVerifier]. The user never sees it. It
	// is empty in a [DeviceStore] while a device waits for its confirmation to be retried.
	Password string `json:"password"`
	// UserConfirmationNecessary reports that the pool knows the device but remembers it only if the
	// user agrees. Ask the user, and then call [Cognito.UpdateDeviceStatus].
	UserConfirmationNecessary bool `json:"user_confirmation_necessary,omitempty"`
	// Username is the name that the device's user signed in with. It is empty for devices that this
	// package did not confirm.
	Username string `json:"username,omitempty"`
}

// Format prints the device without its password, for every verb.
func (d Device) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Device{"+d.Key+" in "+d.GroupKey+"}")
}

// LogValue returns the device's keys without its password.
func (d Device) LogValue() slog.Value {
	return slog.GroupValue(slog.String("key", d.Key), slog.String("group_key", d.GroupKey))
}

// check returns an error if the device cannot prove itself.
func (d Device) check() error {
	if d.Key == "" || d.GroupKey == "" || d.Password == "" {
		return fieldError("device", "want a key, a group key and a password")
	}
	return nil
}

// Device returns the device that the session signs in with: the device from [WithDevice], or the
// one that was confirmed since. Store it with the user, and pass it to WithDevice later. ok is
// false if there is none, also after the pool has forgotten the device or rejected its proof; see
// [Cognito.DeviceError].
func (c *Cognito) Device() (d Device, ok bool) {
	if d := c.session.current().device; d != nil {
		return *d, true
	}
	return Device{}, false
}

// DeviceError returns the error that occurred with the device in the session's last sign-in, or
// nil. It matches [ErrDeviceNotFound] if the pool had forgotten the device, and [ErrDeviceRefused]
// if the pool rejected its proof. In both cases the session dropped the device. The sign-in
// continued without it, or failed with the same error if it was restored from a challenge. Any
// other error comes from confirming a new device under [WithDeviceTracking], which does not fail
// the sign-in.
func (c *Cognito) DeviceError() error {
	return c.session.current().deviceErr
}

// ConfirmDevice confirms the new device that the last sign-in returned, under name, which may be
// empty. The device becomes the session's device and is returned. Store it, and pass it to later
// sign-ins with [WithDevice]. If the pool allows it, these skip MFA once the device is remembered.
// The pool remembers the device at once, unless UserConfirmationNecessary reports that the user
// must agree first. If the pool tracks devices, tokens that came with a new device can be refreshed
// only after the device was confirmed. Common errors: [ErrNoNewDevice], [ErrNotSignedIn].
//
// It calls ConfirmDevice with the session's access token. Not retried automatically.
func (c *Cognito) ConfirmDevice(ctx context.Context, name string) (_ Device, err error) {
	defer named("ConfirmDevice", &err)
	if c.pool == nil || c.session == nil {
		return Device{}, errNotMade
	}
	return c.confirmDevice(ctx, name, c.withAccessToken)
}

// withToken calls call with an access token.
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
			AccessToken: token, DeviceKey: aws.String(d.Key), DeviceName: optional(name),
			DeviceSecretVerifierConfig: verifier,
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

// trackDevice confirms and remembers the device of ts, the tokens of a sign-in, if the session
// tracks devices. It runs within a change. A failure does not fail the sign-in: the next refresh
// tries again.
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
		if st := c.session.current(); st.newDevice != nil && st.device == nil {
			// It has no password yet: whichever session refreshes must confirm it.
			c.session.saveDevice(ctx, *st.newDevice)
		}
	}
}

// mustConfirm reports whether ts came with a device that is not confirmed yet. The device comes
// from this session's sign-in, or from another session's, which saved it in the store. The service
// refreshes such tokens only after the device is confirmed.
func (s *session) mustConfirm(ctx context.Context, ts *tokenSet) bool {
	st := s.current()
	own := st.newDeviceOf(ts)
	store, ok := s.store.(DeviceStore)
	if !ok || s.trackName == nil || !own && (st.newDevice != nil || st.device != nil) || ts.deviceKey == "" {
		return own
	}
	d, err := storeCall(ctx, "load the device from", store.LoadDevice)
	switch {
	case err != nil || d.Key != ts.deviceKey || d.GroupKey == "":
		return own
	case d.Password == "":
		s.update(func(st *state) { st.newDevice = &d })
		return true
	case own: // another session has confirmed it
		s.update(func(st *state) { st.newDevice, st.device, st.deviceErr = nil, &d, nil })
	}
	return false
}

// reportDevice records and logs the error of a device in a sign-in that continues.
func (c *Cognito) reportDevice(ctx context.Context, op, what string, err error) {
	err = wrapError(op, err)
	c.session.noteDevice(err)
	c.shared().log.WarnContext(ctx, what, slog.String("username", clip(c.Username())), slog.Any("error", err))
}

// answerDeviceSRPAuth answers DEVICE_SRP_AUTH.
func (s *signIn) answerDeviceSRPAuth(ctx context.Context) (authReply, error) {
	s.deviceSRP = srp.NewClient()
	return s.respondDevice(ctx, ChallengeDeviceSRPAuth, map[string]string{keySRPA: s.deviceSRP.PublicKey()})
}

// answerDevicePasswordVerifier answers DEVICE_PASSWORD_VERIFIER.
func (s *signIn) answerDevicePasswordVerifier(ctx context.Context, reply authReply) (authReply, error) {
	id := srp.Identity{Namespace: s.device.GroupKey, Name: s.device.Key}
	answers, err := proofResponses(s.deviceSRP, id, s.device.Password, reply.params, s.c.shared().now())
	if err != nil {
		return authReply{}, err
	}
	s.proven = true
	return s.respondDevice(ctx, ChallengeDevicePasswordVerifier, answers)
}

// respondDevice answers a challenge to the device. If the pool rejects the answer, it drops the
// device and restarts the sign-in without it. A sign-in that was restored from a challenge cannot
// restart, because that needs the password; it fails.
func (s *signIn) respondDevice(ctx context.Context, name ChallengeName, answers map[string]string) (authReply, error) {
	reply, err := s.respondToAuthChallenge(ctx, name, answers)
	failure := &Error{Err: err}
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

// retryWithoutDevice calls send, and calls it again without the device key if the pool no longer
// knows the device.
func (s *signIn) retryWithoutDevice(ctx context.Context, send func() (authReply, error)) (authReply, error) {
	reply, err := send()
	if s.device == nil || !errors.Is(&Error{Err: err}, ErrDeviceNotFound) {
		return reply, err
	}
	s.dropDevice(ctx, err)
	return send()
}

// dropDevice drops the device from this sign-in and later ones because of err.
func (s *signIn) dropDevice(ctx context.Context, err error) {
	s.c.session.dropDevice(ctx, s.device.Key)
	s.device, s.deviceSRP = nil, nil
	s.c.reportDevice(ctx, s.op, "cognito: the device is dropped", err)
}

// deviceRefusal is the service's rejection of a device's proof. The service returns the same error
// for a wrong password.
type deviceRefusal struct{ err error }

// Error returns the reason and the text of the service's error.
func (e *deviceRefusal) Error() string { return ErrDeviceRefused.Error() + ": " + causeText(e.err) }

// Unwrap returns the service's error.
func (e *deviceRefusal) Unwrap() error { return e.err }

// Is distinguishes a forgotten device from one with a wrong proof.
func (e *deviceRefusal) Is(target error) bool {
	return target == ErrDeviceRefused ||
		target == ErrDeviceNotFound && slices.Contains(serviceReasons(e.err), ErrDeviceNotFound)
}

// usableDevice returns the device for a sign-in: the session's, or the one in its store. It returns
// nil if there is none.
func (s *session) usableDevice(ctx context.Context) (*Device, error) {
	st := s.current()
	if st.device != nil {
		return st.device, st.device.check()
	}
	store, ok := s.store.(DeviceStore)
	if !ok {
		return nil, nil //nolint:nilnil // having no device is not an error
	}
	d, err := storeCall(ctx, "load the device from", store.LoadDevice)
	if err != nil {
		s.log.WarnContext(ctx, "cognito: the device could not be loaded", slog.Any("error", err))
		return nil, nil //nolint:nilnil // the sign-in continues without it
	}
	if d.check() != nil || d.Username != "" && st.username != "" && d.Username != st.username {
		return nil, nil //nolint:nilnil // there is none, or it is another user's
	}
	s.update(func(st *state) {
		if st.device == nil {
			st.device = &d
		}
	})
	return &d, nil
}

// dropDevice removes the device key from the session and its store, unless the session has another
// device by now.
func (s *session) dropDevice(ctx context.Context, key string) {
	dropped := false
	s.update(func(st *state) {
		if dropped = st.device != nil && st.device.Key == key; dropped {
			st.device = nil
		}
	})
	if store, ok := s.store.(DeviceStore); ok && dropped {
		remove := func(ctx context.Context) (struct{}, error) { return struct{}{}, store.DeleteDevice(ctx) }
		_, err := storeCall(context.WithoutCancel(ctx), "delete the device from", remove)
		if err != nil {
			s.log.WarnContext(ctx, "cognito: the device could not be deleted", slog.Any("error", err))
		}
	}
}

// noteDevice records the error of the device.
func (s *session) noteDevice(err error) {
	s.update(func(st *state) { st.deviceErr = err })
}

// offerDevice records the new device of a sign-in until it is confirmed. metadata is nil if there
// is none.
func (st *state) offerDevice(metadata *types.NewDeviceMetadataType) {
	st.newDevice = nil
	if metadata != nil {
		st.newDevice = &Device{Key: aws.ToString(metadata.DeviceKey), GroupKey: aws.ToString(metadata.DeviceGroupKey)}
	}
}

// setDevice makes d the session's device and saves it in the store.
func (s *session) setDevice(ctx context.Context, d Device) {
	s.update(func(st *state) {
		st.device = &d
		if st.newDevice != nil && st.newDevice.Key == d.Key {
			st.newDevice = nil
		}
	})
	s.saveDevice(ctx, d)
}

// saveDevice saves d, if the store keeps devices.
func (s *session) saveDevice(ctx context.Context, d Device) {
	if store, ok := s.store.(DeviceStore); ok {
		save := func(ctx context.Context) (struct{}, error) { return struct{}{}, store.SaveDevice(ctx, d) }
		_, err := storeCall(context.WithoutCancel(ctx), "save the device to", save)
		if err != nil {
			s.log.WarnContext(ctx, "cognito: the device could not be saved", slog.Any("error", err))
		}
	}
}

// rememberedDevice records whether the user agreed to remember the device key.
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

// deviceKeyOf returns the key of the device that the refresh token of ts was issued with, which a
// refresh must include. It is the one that the access token names, or else the session's. It
// returns "" if there is none.
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

// TrackedDevice is the pool's record of a user's device.
type TrackedDevice struct {
	// Key identifies the device.
	Key string
	// Name is the name that the device was confirmed with, or "".
	Name string
	// LastIP is the IP address that last used the device. It is "" if it is not known.
	LastIP string
	// Remembered reports whether the device can replace MFA. Only the administrator's calls set it;
	// otherwise it is false.
	Remembered bool
	// Attributes are all attributes of the device, such as device_status. Only the administrator's
	// calls return those that begin with "dev:".
	Attributes Attributes
	// Created, Modified and Authenticated are the times when the device was confirmed, last
	// changed, and last used to sign in. They are zero if the service does not return them.
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

// rememberedStatus returns the service's value for remembered.
func rememberedStatus(remembered bool) types.DeviceRememberedStatusType {
	if remembered {
		return types.DeviceRememberedStatusTypeRemembered
	}
	return types.DeviceRememberedStatusTypeNotRemembered
}

// GetDevice returns the pool's record of the signed-in user's device key. Common errors:
// [ErrDeviceNotFound], [ErrNotSignedIn].
//
// It calls GetDevice with the session's access token.
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
		out, err := c.shared().sdk.GetDevice(ctx, &cognitoidentityprovider.GetDeviceInput{
			AccessToken: token, DeviceKey: aws.String(key),
		})
		if err != nil {
			return err
		}
		d, err = deviceOf(out.Device)
		return err
	})
	return d, err
}

// deviceOf converts the device in a response.
func deviceOf(d *types.DeviceType) (*TrackedDevice, error) {
	if d == nil {
		return nil, fieldError("the service's answer", "want a device, got none")
	}
	return newTrackedDevice(*d), nil
}

// Devices ranges over the signed-in user's devices. It fetches pages as the range proceeds. Each
// range starts from the beginning and ends with the first error. It takes the options [Limit] and
// [PageSize]. Common errors: [ErrNotSignedIn].
//
// It calls ListDevices for each page with the session's access token.
func (c *Cognito) Devices(ctx context.Context, opts ...CallOption) iter.Seq2[*TrackedDevice, error] {
	return wrapErrors("Devices", c.devices(ctx, opts))
}

// ListDevices returns all devices of the signed-in user, or nil if there are none. It takes the
// options [Limit] and [PageSize]. Common errors: [ErrNotSignedIn].
//
// It calls ListDevices for each page with the session's access token.
func (c *Cognito) ListDevices(ctx context.Context, opts ...CallOption) ([]*TrackedDevice, error) {
	return collect(wrapErrors("ListDevices", c.devices(ctx, opts)))
}

func (c *Cognito) devices(ctx context.Context, opts []CallOption) iter.Seq2[*TrackedDevice, error] {
	fetch := func(ctx context.Context, next *string, size *int32) (p page[types.DeviceType], err error) {
		err = c.withAccessToken(ctx, func(token *string) error {
			out, err := c.shared().sdk.ListDevices(ctx, &cognitoidentityprovider.ListDevicesInput{
				AccessToken: token, Limit: size, PaginationToken: next,
			})
			if err == nil {
				p = page[types.DeviceType]{items: out.Devices, next: out.PaginationToken}
			}
			return err
		})
		return p, err
	}
	return deviceList(ctx, opts, fetch)
}

func deviceList(
	ctx context.Context, opts []CallOption,
	fetch func(context.Context, *string, *int32) (page[types.DeviceType], error),
) iter.Seq2[*TrackedDevice, error] {
	call, err := newCallOptions(opts, optLimit, optPageSize)
	if err != nil {
		return failed[*TrackedDevice](err)
	}
	tracked := func(d types.DeviceType) (*TrackedDevice, error) { return newTrackedDevice(d), nil }
	return mapped(pages(ctx, call.list, fetch), tracked)
}

// UpdateDeviceStatus sets whether the pool remembers the signed-in user's device key. A remembered
// device can replace MFA. Common errors: [ErrDeviceNotFound], [ErrNotSignedIn].
//
// It calls UpdateDeviceStatus with the session's access token.
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

// ForgetDevice removes the signed-in user's device key from the pool. If it is the session's
// device, the session drops it, too. Common errors: [ErrDeviceNotFound], [ErrNotSignedIn].
//
// It calls ForgetDevice with the session's access token.
func (c *Cognito) ForgetDevice(ctx context.Context, key string) error {
	return wrapError("ForgetDevice", c.forgetDevice(ctx, key))
}

func (c *Cognito) forgetDevice(ctx context.Context, key string) error {
	if key == "" {
		return errNoDeviceKey
	}
	err := c.withAccessToken(ctx, func(token *string) error {
		_, err := c.shared().sdk.ForgetDevice(ctx, &cognitoidentityprovider.ForgetDeviceInput{
			AccessToken: token, DeviceKey: aws.String(key),
		})
		return err
	})
	if err == nil {
		// The device may still be in the store only, as in a session that a server made for this
		// request.
		_, _ = c.session.usableDevice(ctx)
		c.session.dropDevice(ctx, key)
	}
	return err
}

// checkUserDevice rejects an empty username or device key.
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

// AdminGetDevice returns the pool's record of the device key of the user username. Common errors:
// [ErrUserNotFound], [ErrDeviceNotFound].
//
// It calls AdminGetDevice. Requires AWS credentials.
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

// AdminDevices ranges over the devices of the user username. It fetches pages as the range
// proceeds. Each range starts from the beginning and ends with the first error. It takes the
// options [Limit] and [PageSize]. Common errors: [ErrUserNotFound].
//
// It calls AdminListDevices for each page. Requires AWS credentials.
func (c *Cognito) AdminDevices(
	ctx context.Context, username string, opts ...CallOption,
) iter.Seq2[*TrackedDevice, error] {
	return wrapErrors("AdminDevices", c.adminDevices(ctx, username, opts))
}

// AdminListDevices returns all devices of the user username, or nil if there are none. It takes the
// options [Limit] and [PageSize]. Common errors: [ErrUserNotFound].
//
// It calls AdminListDevices for each page. Requires AWS credentials.
func (c *Cognito) AdminListDevices(ctx context.Context, username string, opts ...CallOption) ([]*TrackedDevice, error) {
	return collect(wrapErrors("AdminListDevices", c.adminDevices(ctx, username, opts)))
}

func (c *Cognito) adminDevices(
	ctx context.Context, username string, opts []CallOption,
) iter.Seq2[*TrackedDevice, error] {
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

// AdminUpdateDeviceStatus sets whether the pool remembers the device key of the user username. A
// remembered device can replace MFA. Common errors: [ErrUserNotFound], [ErrDeviceNotFound].
//
// It calls AdminUpdateDeviceStatus. Requires AWS credentials.
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

// AdminForgetDevice removes the device key of the user username from the pool. A session that signs
// in with the device then continues without it. Common errors: [ErrUserNotFound],
// [ErrDeviceNotFound].
//
// It calls AdminForgetDevice. Requires AWS credentials.
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
