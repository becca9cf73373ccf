package cognitotest

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

// DeviceConfiguration configures how a pool tracks devices.
type DeviceConfiguration struct {
	// ChallengeRequiredOnNewDevice lets a remembered device replace MFA.
	ChallengeRequiredOnNewDevice bool
	// DeviceOnlyRememberedOnUserPrompt makes the pool remember a confirmed device only after
	// UpdateDeviceStatus.
	DeviceOnlyRememberedOnUserPrompt bool
}

// device is a user's device. Its password is stored as an SRP verifier only.
type device struct {
	serial        int64
	key, group    string
	name          string
	verifier      srp.Verifier
	confirmed     bool // until then only its key is known
	remembered    bool
	created       time.Time
	modified      time.Time
	authenticated time.Time
}

// deviceMetadata holds the keys that a client needs to confirm a device.
type deviceMetadata struct{ DeviceKey, DeviceGroupKey string }

// maxUnconfirmed limits the unconfirmed devices of a user.
const maxUnconfirmed = 1000

// newDevice adds an unconfirmed device to a user.
func (p *pool) newDevice(u *user) *device {
	var group [6]byte
	_, _ = rand.Read(group[:]) // it never fails
	region, _ := splitPoolID(p.cfg.UserPoolID)
	d := &device{
		serial: p.nextSerial(), key: region + "_" + newUUID(),
		group:   "-" + base64.RawURLEncoding.EncodeToString(group[:]),
		created: p.now(), modified: p.now(), authenticated: p.now(),
	}
	open := slices.DeleteFunc(slices.Clone(u.devices), func(d *device) bool { return d.confirmed })
	if len(open) >= maxUnconfirmed {
		u.forget(open[0])
	}
	u.devices = append(u.devices, d)
	return d
}

// device returns a confirmed device of the user, or nil if there is none.
func (u *user) device(key string) *device {
	if d := u.anyDevice(key); d != nil && d.confirmed {
		return d
	}
	return nil
}

func (u *user) anyDevice(key string) *device {
	for _, d := range u.devices {
		if d.key == key {
			return d
		}
	}
	return nil
}

func (u *user) forget(d *device) {
	u.devices = slices.DeleteFunc(u.devices, func(other *device) bool { return other == d })
}

// resolveDevice looks up the device that a step of a login names. An unconfirmed device counts as
// none.
func (p *pool) resolveDevice(l *login) error {
	l.device = nil
	if l.deviceKey == "" || l.user == nil {
		return nil
	}
	d := l.user.anyDevice(l.deviceKey)
	if d == nil {
		return errNoDevice
	}
	if d.confirmed {
		l.device = d
	}
	return nil
}

type confirmDeviceInput struct {
	AccessToken                string
	DeviceKey                  string
	DeviceName                 string
	DeviceSecretVerifierConfig *struct{ PasswordVerifier, Salt string }
}

type confirmDeviceOutput struct{ UserConfirmationNecessary bool }

// confirmDevice stores a new device's verifier.
func (p *pool) confirmDevice(in *confirmDeviceInput) (confirmDeviceOutput, error) {
	var out confirmDeviceOutput
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return out, err
	}
	d := u.anyDevice(in.DeviceKey)
	switch {
	case d == nil:
		return out, invalidParameter("Invalid device key given.")
	case d.confirmed:
		// The service's text is not known.
		return out, exception("DeviceKeyExistsException", "Device already exists")
	case in.DeviceSecretVerifierConfig == nil:
		return out, errMissing("DeviceSecretVerifierConfig")
	}
	verifier, err := deviceVerifier(in.DeviceSecretVerifierConfig.Salt, in.DeviceSecretVerifierConfig.PasswordVerifier)
	if err != nil {
		return out, err
	}
	prompt := p.cfg.Devices != nil && p.cfg.Devices.DeviceOnlyRememberedOnUserPrompt
	d.verifier, d.name, d.confirmed, d.remembered, d.modified = verifier, in.DeviceName, true, !prompt, p.now()
	return confirmDeviceOutput{UserConfirmationNecessary: prompt}, nil
}

// deviceVerifier decodes a verifier. Both numbers are in base64.
func deviceVerifier(salt, value string) (srp.Verifier, error) {
	var numbers [2][]byte
	for i, field := range []struct{ name, text string }{{"salt", salt}, {"password verifier", value}} {
		b, err := base64.StdEncoding.DecodeString(field.text)
		switch {
		case err != nil || len(b) == 0:
			return srp.Verifier{}, invalidParameter("Invalid value passed for " + field.name)
		case b[0]&0x80 != 0:
			return srp.Verifier{}, invalidParameter("Negative value passed for " + field.name)
		}
		numbers[i] = b
	}
	verifier, err := srp.ParseVerifier(numbers[0], numbers[1])
	if err != nil {
		return srp.Verifier{}, invalidParameter(err.Error())
	}
	return verifier, nil
}

// The values of DeviceRememberedStatus.
const (
	remembered    = "remembered"
	notRemembered = "not_remembered"
)

// deviceInput is the input of operations on one device, for users and administrators.
type deviceInput struct {
	AccessToken            string
	UserPoolID             string `json:"UserPoolId"`
	Username               string
	DeviceKey              string
	DeviceRememberedStatus string
}

// deviceOperation returns the handler of an operation on one device, for users or administrators.
func deviceOperation[Out any](
	admin bool, fn func(p *pool, u *user, d *device, in *deviceInput, admin bool) (Out, error),
) handler {
	operation := func(p *pool, in *deviceInput) (out Out, err error) {
		u, err := p.deviceOwner(in.AccessToken, in.UserPoolID, in.Username, admin)
		if err != nil {
			return out, err
		}
		d := u.device(in.DeviceKey)
		if d == nil {
			return out, errNoDevice
		}
		return fn(p, u, d, in, admin)
	}
	if admin {
		return signed(operation)
	}
	return unsigned(operation)
}

// deviceOwner returns the user whose devices a request refers to.
func (p *pool) deviceOwner(accessToken, poolID, username string, admin bool) (*user, error) {
	if admin {
		return p.adminUser(adminInput{poolID, username})
	}
	u, _, err := p.authorize(accessToken)
	return u, err
}

func updateDeviceStatus(p *pool, _ *user, d *device, in *deviceInput, _ bool) (empty, error) {
	if in.DeviceRememberedStatus != "" {
		d.remembered, d.modified = in.DeviceRememberedStatus == remembered, p.now()
	}
	return empty{}, nil
}

func forgetDevice(_ *pool, u *user, d *device, _ *deviceInput, _ bool) (noBody, error) {
	u.forget(d)
	return noBody{}, nil
}

// deviceType is a device on the wire.
type deviceType struct {
	DeviceKey                   string
	DeviceAttributes            []attribute
	DeviceCreateDate            float64
	DeviceLastModifiedDate      float64
	DeviceLastAuthenticatedDate float64
}

// describe returns a device as operations return it. Administrators see more.
func (p *pool) describe(u *user, d *device, admin bool) deviceType {
	attributes := []attribute{{"device_status", "valid"}}
	if d.name != "" {
		attributes = append(attributes, attribute{"device_name", d.name})
	}
	attributes = append(attributes, attribute{"last_ip_used", "127.0.0.1"})
	if admin {
		status := notRemembered
		if d.remembered {
			status = remembered
		}
		owner := p.cfg.UserPoolID + "." + u.sub
		attributes = append(attributes,
			attribute{"dev:device_arn", "arn:aws:cognito-idp:" + owner + ".device." + d.key},
			attribute{"dev:device_owner", owner}, attribute{"dev:device_remembered_status", status},
			attribute{"dev:device_sdk", "aws-sdk"},
		)
	}
	return deviceType{
		DeviceKey: d.key, DeviceAttributes: attributes, DeviceCreateDate: epoch(d.created),
		DeviceLastModifiedDate: epoch(d.modified), DeviceLastAuthenticatedDate: epoch(d.authenticated),
	}
}

type getDeviceOutput struct{ Device deviceType }

func getDevice(p *pool, u *user, d *device, _ *deviceInput, admin bool) (getDeviceOutput, error) {
	return getDeviceOutput{p.describe(u, d, admin)}, nil
}

type listDevicesInput struct {
	AccessToken     string
	UserPoolID      string `json:"UserPoolId"`
	Username        string
	Limit           *int
	PaginationToken *string
}

type listDevicesOutput struct {
	Devices         []deviceType
	PaginationToken string `json:",omitempty"`
}

func (p *pool) listDevices(in *listDevicesInput) (listDevicesOutput, error) {
	return p.deviceList(in, "ListDevices", false)
}

func (p *pool) adminListDevices(in *listDevicesInput) (listDevicesOutput, error) {
	return p.deviceList(in, "AdminListDevices", true)
}

// deviceList lists the confirmed devices of a user, oldest first.
func (p *pool) deviceList(in *listDevicesInput, op string, admin bool) (listDevicesOutput, error) {
	out := listDevicesOutput{Devices: []deviceType{}}
	u, err := p.deviceOwner(in.AccessToken, in.UserPoolID, in.Username, admin)
	if err != nil {
		return out, err
	}
	pg := newPage(in.Limit, in.PaginationToken, op, u.sub)
	page, next, err := cut(p, pg, u.devices,
		func(d *device) int64 { return d.serial }, func(d *device) bool { return d.confirmed })
	for _, d := range page {
		out.Devices = append(out.Devices, p.describe(u, d, admin))
	}
	out.PaginationToken = next
	return out, err
}

// replacesMFA reports whether d replaces its user's second factor.
func (p *pool) replacesMFA(d *device) bool {
	return d != nil && d.remembered && p.cfg.Devices != nil && p.cfg.Devices.ChallengeRequiredOnNewDevice
}

// askDevice asks for the proof of the device that the client named.
func (p *pool) askDevice(l *login) (authOutput, error) {
	s := &challengeSession{login: l, challenge: challengeDevice, device: l.device}
	return p.challenge(s, map[string]string{
		paramDeviceKey: l.device.key, paramUsername: l.username, paramUserID: l.username,
	}), nil
}

// answerDevice starts the proof of a device. The service's own clients omit the session.
func (p *pool) answerDevice(r *authRequest) (authOutput, error) {
	if err := required(r.params, paramDeviceKey); err != nil {
		return authOutput{}, err
	}
	if err := checkSRPA(r.params); err != nil {
		return authOutput{}, err
	}
	if r.session == "" {
		if r.session = p.pendingDevice(r); r.session == "" {
			return authOutput{}, errSession
		}
	}
	s, err := p.openSession(r, challengeDevice)
	if err != nil {
		return authOutput{}, err
	}
	l := s.login
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	if l.device != s.device {
		return authOutput{}, errNoDevice
	}
	s.used = true
	attempt := &proof{
		login: l, device: l.device, id: srp.Identity{Namespace: l.device.group, Name: l.device.key},
		bigA: r.params[paramSRPA], server: srp.NewServer(l.device.verifier),
	}
	out := p.challenge(&challengeSession{login: l, challenge: challengeDeviceVerifier}, map[string]string{
		"SALT": attempt.server.Salt(), "SRP_B": attempt.server.PublicKey(), "SECRET_BLOCK": p.remember(attempt),
		paramUsername: l.username, paramDeviceKey: l.device.key,
	})
	attempt.session = out.Session
	return out, nil
}

// pendingDevice returns the session for an answer that names none: that of the device's own
// sign-in.
func (p *pool) pendingDevice(r *authRequest) string {
	for handle, s := range p.sessions {
		if s.challenge == challengeDevice && p.usable(s) == nil && s.login.client.ID == r.client.ID &&
			s.login.admin == r.admin &&
			s.device.key == r.params[paramDeviceKey] && s.login.username == r.params[paramUsername] {
			return handle
		}
	}
	return ""
}

// answerDeviceProof checks the proof of a device, the last step of its sign-in.
func (p *pool) answerDeviceProof(r *authRequest) (authOutput, error) {
	if err := required(r.params, paramDeviceKey); err != nil {
		return authOutput{}, err
	}
	attempt, err := p.openProof(r, challengeDeviceVerifier)
	if err != nil {
		return authOutput{}, err
	}
	l := attempt.login
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	if l.device != attempt.device || !attempt.verify(r.params) {
		return authOutput{}, errWrongPassword
	}
	p.spend(attempt)
	l.device.authenticated, l.source = p.now(), "TokenGeneration_AuthenticateDevice"
	return p.finish(l)
}
