package cognitotest

import (
	"encoding/base64"
	"slices"
)

// deviceType is a device on the wire.
type deviceType struct {
	DeviceKey                   string
	DeviceAttributes            []attribute
	DeviceCreateDate            float64
	DeviceLastModifiedDate      float64
	DeviceLastAuthenticatedDate float64
}

// describe is what the operations tell of a device; administrators see more.
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
	PaginationToken string
}

type listDevicesOutput struct {
	Devices         []deviceType
	PaginationToken string `json:",omitempty"`
}

func (p *pool) listDevices(in *listDevicesInput) (listDevicesOutput, error) {
	return p.deviceList(in, false)
}

func (p *pool) adminListDevices(in *listDevicesInput) (listDevicesOutput, error) {
	return p.deviceList(in, true)
}

// deviceList lists the confirmed devices of a user, oldest first.
func (p *pool) deviceList(in *listDevicesInput, admin bool) (listDevicesOutput, error) {
	out := listDevicesOutput{Devices: []deviceType{}}
	u, err := p.deviceOwner(in.AccessToken, in.UserPoolID, in.Username, admin)
	if err != nil {
		return out, err
	}
	all := slices.DeleteFunc(slices.Clone(u.devices), func(d *device) bool { return !d.confirmed })
	page, next, err := pageOf(all, in.Limit, "limit", 60, in.PaginationToken, func(d *device) string { return d.key })
	for _, d := range page {
		out.Devices = append(out.Devices, p.describe(u, d, admin))
	}
	out.PaginationToken = next
	return out, err
}

// pageOf cuts a page out of a list: at most limit items, or most if that is nil or 0, from the one on that token
// names. It returns the token of the next page, "" for the last one.
func pageOf[T any](all []T, limit *int, member string, most int, token string, key func(T) string) (page []T, next string, err error) {
	size := most
	if limit != nil && *limit != 0 {
		size = *limit
	}
	if size < 1 || size > most {
		v := &validation{}
		v.fail(member, "Member must be between 0 and the maximum")
		return nil, "", v.err()
	}
	start := 0
	if token != "" {
		from, err := base64.RawURLEncoding.DecodeString(token)
		start = slices.IndexFunc(all, func(item T) bool { return key(item) == string(from) })
		if err != nil || start < 0 {
			return nil, "", invalidParameter("Invalid pagination token.") // the service's text is not known
		}
	}
	end := min(start+size, len(all))
	if end < len(all) {
		next = base64.RawURLEncoding.EncodeToString([]byte(key(all[end])))
	}
	return all[start:end], next, nil
}
