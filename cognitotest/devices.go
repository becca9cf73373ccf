package cognitotest

import (
	"crypto/rand"
	"encoding/base64"
	"regexp"
	"slices"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

// DeviceConfiguration is how a pool tracks devices.
type DeviceConfiguration struct {
	// ChallengeRequiredOnNewDevice lets a remembered device stand in for MFA.
	ChallengeRequiredOnNewDevice bool
	// DeviceOnlyRememberedOnUserPrompt makes a confirmed device remembered by UpdateDeviceStatus only.
	DeviceOnlyRememberedOnUserPrompt bool
}

// device is a device of a user's. Its password is kept as an SRP verifier only.
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

// deviceMetadata is what a client needs to confirm a device.
type deviceMetadata struct{ DeviceKey, DeviceGroupKey string }

// maxUnconfirmed is how many unconfirmed devices of a user are kept.
const maxUnconfirmed = 1000

// newDevice gives a user a device that can be confirmed.
func (p *pool) newDevice(u *user) *device {
	var group [6]byte
	_, _ = rand.Read(group[:]) // it never fails
	region, _ := splitPoolID(p.cfg.UserPoolID)
	d := &device{
		serial: p.nextSerial(), key: region + "_" + newUUID(), group: "-" + base64.RawURLEncoding.EncodeToString(group[:]),
		created: p.now(), modified: p.now(), authenticated: p.now(),
	}
	open := slices.DeleteFunc(slices.Clone(u.devices), func(d *device) bool { return d.confirmed })
	if len(open) >= maxUnconfirmed {
		u.forget(open[0])
	}
	u.devices = append(u.devices, d)
	return d
}

// device finds a device of the user's that is confirmed; nil if there is none.
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

// resolveDevice looks up the device that a step of a login names. One that is not confirmed counts as none.
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

var deviceKeyPattern = regexp.MustCompile(`^[\w-]+_[0-9a-f-]+$`)

// deviceKeyForm checks the form of a device's key.
func deviceKeyForm(v *validation, key string) {
	v.length("deviceKey", key, 1, 55)
	if key != "" && !deviceKeyPattern.MatchString(key) {
		v.fail("deviceKey", `Member must satisfy regular expression pattern: [\w-]+_[0-9a-f-]+`)
	}
}

type confirmDeviceInput struct {
	AccessToken                string
	DeviceKey                  string
	DeviceName                 string
	DeviceSecretVerifierConfig *struct{ PasswordVerifier, Salt string }
}

type confirmDeviceOutput struct{ UserConfirmationNecessary bool }

// confirmDevice keeps a new device's verifier.
func (p *pool) confirmDevice(in *confirmDeviceInput) (confirmDeviceOutput, error) {
	var out confirmDeviceOutput
	v := &validation{}
	deviceKeyForm(v, in.DeviceKey)
	v.length("deviceName", in.DeviceName, 0, 1024)
	if err := v.err(); err != nil {
		return out, err
	}
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return out, err
	}
	d := u.anyDevice(in.DeviceKey)
	switch {
	case d == nil:
		return out, invalidParameter("Invalid device key given.")
	case d.confirmed:
		return out, exception("DeviceKeyExistsException", "Device already exists") // the service's text is not known
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

// deviceVerifier reads a verifier, both numbers in base64.
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

// deviceInput is the input of the operations about one device, of users and of administrators.
type deviceInput struct {
	AccessToken            string
	UserPoolID             string `json:"UserPoolId"`
	Username               string
	DeviceKey              string
	DeviceRememberedStatus string
}

// deviceOperation makes the two forms of an operation about one device.
func deviceOperation[Out any](admin bool, fn func(p *pool, u *user, d *device, in *deviceInput, admin bool) (Out, error)) handler {
	operation := func(p *pool, in *deviceInput) (out Out, err error) {
		v := &validation{}
		deviceKeyForm(v, in.DeviceKey)
		if err := v.err(); err != nil {
			return out, err
		}
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

// deviceOwner finds whose devices a request is about.
func (p *pool) deviceOwner(accessToken, poolID, username string, admin bool) (*user, error) {
	if admin {
		return p.adminUser(adminInput{poolID, username}, nil)
	}
	u, _, err := p.authorize(accessToken)
	return u, err
}

func updateDeviceStatus(p *pool, _ *user, d *device, in *deviceInput, _ bool) (empty, error) {
	v := &validation{}
	v.oneOf("deviceRememberedStatus", in.DeviceRememberedStatus, notRemembered, remembered)
	if err := v.err(); err != nil {
		return empty{}, err
	}
	if in.DeviceRememberedStatus != "" {
		d.remembered, d.modified = in.DeviceRememberedStatus == remembered, p.now()
	}
	return empty{}, nil
}

func forgetDevice(_ *pool, u *user, d *device, _ *deviceInput, _ bool) (noBody, error) {
	u.forget(d)
	return noBody{}, nil
}
